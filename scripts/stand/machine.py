import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from waypost.testing.processes import free_port

_BOOT_WITHIN_S = 600.0
_APPEND = "root=/dev/vda rw console=ttyS0 systemd.firstboot=off net.ifnames=0"


class Machine:
    """A virtual machine that reaches nothing outside; what is written to its disk is forgotten at the end.

    `accel` is `kvm`, or `tcg` where the processor does not let guests in: some twenty times slower.
    """

    def __init__(self, folder: Path, accel: str) -> None:
        self._folder = folder
        self._accel = accel
        self._host, self._port = "127.0.0.1", free_port()

    def __enter__(self) -> "Machine":
        forward = f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{self._port}-:22"
        cpu = "max" if self._accel == "tcg" else "host"
        folder, console = self._folder, f"file:{self._folder / 'console.log'}"
        self._process = subprocess.Popen(
            [
                *("qemu-system-x86_64", "-machine", f"q35,accel={self._accel}", "-cpu", cpu, "-smp", "2"),
                *("-m", "4096", "-display", "none", "-monitor", "none", "-serial", console, "-snapshot"),
                *("-drive", f"file={folder / 'disk.img'},format=raw,if=virtio,cache=unsafe"),
                *("-netdev", forward, "-device", "virtio-net-pci,netdev=net,romfile="),
                *("-kernel", str(folder / "vmlinuz"), "-initrd", str(folder / "initrd"), "-append", _APPEND),
            ]
        )
        try:
            self.wait_for_boot()
        except BaseException:
            self._process.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def run(self, script: str, *, check: bool = True, given: Path | None = None, within: float = 1800) -> str:
        """What a script of the shell writes there, run by root; `given` is its standard input. Raises
        CalledProcessError, with what it wrote, unless `check` is off."""
        with contextlib.ExitStack() as stack:
            stdin = subprocess.DEVNULL if given is None else stack.enter_context(given.open("rb"))
            done = subprocess.run(
                [*self._ssh(), f"set -eu; {script}"],
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=within,
            )
        if check and done.returncode:
            raise subprocess.CalledProcessError(done.returncode, script, done.stdout)
        return done.stdout.strip()

    def send(self, paths: list[Path], to: str) -> None:
        """Copy files and folders there."""
        words = [word for path in paths for word in ("-C", str(path.parent.absolute()), path.name)]
        with subprocess.Popen(["tar", "-cf", "-", *words], stdout=subprocess.PIPE) as packing:
            command = f"mkdir -p {to} && tar -xf - -C {to}"
            subprocess.run([*self._ssh(), command], stdin=packing.stdout, check=True)

    @contextlib.contextmanager
    def tunnel(self, *targets: str) -> Iterator[list[int]]:
        """Ports of this machine that lead to those addresses as the other sees them, as docs/containers.md
        has it."""
        ports = [free_port() for _ in targets]
        words = [f"-L127.0.0.1:{port}:{target}" for port, target in zip(ports, targets, strict=True)]
        tunnel = subprocess.Popen([*self._ssh(*words), "sleep infinity"], stdin=subprocess.DEVNULL)
        try:
            yield ports
        finally:
            tunnel.kill()
            tunnel.wait()

    def wait_for_boot(self) -> None:
        """Until it takes commands and everything has started. Raises TimeoutError."""
        order = "systemctl is-system-running --wait | grep -E 'running|degraded'"
        self._wait(lambda: self.run(order, within=_BOOT_WITHIN_S))

    def _wait(self, look: Callable[[], str]) -> None:
        """Until a command succeeds. Raises TimeoutError."""
        until = time.monotonic() + _BOOT_WITHIN_S
        while time.monotonic() < until and self._process.poll() is None:
            with contextlib.suppress(subprocess.SubprocessError):
                look()
                return
            time.sleep(1)
        raise TimeoutError(f"The machine does not start: {self._folder / 'console.log'} has its last words.")

    def reboot(self) -> None:
        """Start the machine anew, in good order."""
        before = self.run("cat /proc/sys/kernel/random/boot_id")
        self.run("systemctl reboot", check=False)
        while True:
            with contextlib.suppress(subprocess.SubprocessError):
                if self.run("cat /proc/sys/kernel/random/boot_id", within=20) != before:
                    break
            time.sleep(1)
        self.wait_for_boot()

    def _ssh(self, *words: str) -> list[str]:
        options = (
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "LogLevel=ERROR",
            "ConnectTimeout=10",
        )
        return [
            *("ssh", "-i", str(self._folder / "key"), "-p", str(self._port)),
            *(word for option in options for word in ("-o", option)),
            *words,
            f"root@{self._host}",
        ]
