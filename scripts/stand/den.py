import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from scripts.stand.machine import Machine

_LINK, _HERE, _THERE = "stand0", "198.18.79.1", "198.18.79.2"
# A network, a process table and mounts of its own, and a root that Docker can pivot away from.
_INSIDE = """
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mkdir -p run/sshd mnt/old
ip link set lo up
pivot_root . mnt/old
umount -l /mnt/old
sysctl -qw net.ipv4.ip_forward=1
/usr/sbin/sshd
exec /usr/sbin/dockerd --log-level warn --exec-opt native.cgroupdriver=cgroupfs
"""


class Den(Machine):
    """The same Debian in namespaces of this machine's own kernel, with Docker and without systemd: nothing is
    emulated, so it is fast where guests are not let in."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "")
        self._host, self._port = _THERE, 22
        self._tree = folder / "tree"

    def __enter__(self) -> "Den":
        shutil.rmtree(self._tree / "var/lib/docker", ignore_errors=True)
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        shutil.rmtree(self._tree / "var/lib/docker", ignore_errors=True)

    def reboot(self) -> None:
        """As if the power had been cut: every process is killed, and Docker starts anew."""
        self._stop()
        self._start()

    def _start(self) -> None:
        spaces = ("--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child")
        with (self._folder / "console.log").open("a") as console:
            self._process = subprocess.Popen(
                ["unshare", *spaces, "sh", "-euc", _INSIDE, "sh", str(self._tree)],
                stdout=console,
                stderr=console,
            )
        try:
            self._connect(self._first())
            self._wait(lambda: self.run("docker info", within=30))
        except BaseException:
            self._stop()
            raise

    def _first(self) -> int:
        """The process that is the first of its namespace."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        while not (found := children.read_text().split()):
            time.sleep(0.1)
        return int(found[0])

    def _connect(self, first: int) -> None:
        while os.readlink(f"/proc/{first}/ns/net") == os.readlink("/proc/self/ns/net"):
            time.sleep(0.1)
        inside = f"nsenter -t {first} -n"
        for words in (
            f"ip link add {_LINK} type veth peer name eth0 netns {first}",
            f"ip address add {_HERE}/30 dev {_LINK}",
            f"ip link set {_LINK} up",
            f"{inside} ip address add {_THERE}/30 dev eth0",
            f"{inside} ip link set eth0 up",
        ):
            subprocess.run(words.split(), check=True)

    def _stop(self) -> None:
        with contextlib.suppress(OSError, IndexError, ValueError):
            os.kill(self._first(), signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        subprocess.run(["ip", "link", "delete", _LINK], check=False, stderr=subprocess.DEVNULL)
