"""The gateway and the sandbox as real processes, to be killed: for demo, chaos tests and benchmarks."""

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import httpx

_READY_WITHIN_S = (
    60.0  # a cold start with migrations takes 2 s on one busy core, and half a minute beside sixteen others
)
_STOP_WITHIN_S = 15.0  # the gateway drains what is in flight before it goes


class ProcessFailed(Exception):
    """A process ended or did not become ready; the message carries the end of its log."""


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextlib.contextmanager
def halted(pids: Sequence[int]) -> Iterator[None]:
    """SIGSTOP for these processes, and SIGCONT, in their order, at the end.

    One that is gone is passed over: the first that wakes may end the others before they are told to.
    """
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@dataclass
class Process:
    """One of our programs with its own log file; started, killed and started again on the same data."""

    name: str
    arguments: list[str]
    ready_url: str
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    program: str = "waypost.testing.tied"
    _child: asyncio.subprocess.Process | None = None

    @property
    def runs(self) -> bool:
        """Whether it was started and has not ended."""
        return self._child is not None and self._child.returncode is None

    @property
    def pid(self) -> int:
        """Process id; raises ProcessFailed when it does not run."""
        if self._child is None or not self.runs:
            raise ProcessFailed(f"{self.name} does not run")
        return self._child.pid

    async def start(self, *, wait: bool = True) -> None:
        """Run the program and wait until it answers. Raises ProcessFailed."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._child = await self._spawn(log)
        if wait:
            await self.ready()

    async def _spawn(self, log: IO[bytes]) -> asyncio.subprocess.Process:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("WAYPOST_")}
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self.program,
            str(os.getpid()),
            *self.arguments,
            env={**clean, **self.environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )

    async def ready(self) -> None:
        """Wait until the program answers. Raises ProcessFailed with the end of its log."""
        async with httpx.AsyncClient(trust_env=False, timeout=2) as http:
            try:
                async with asyncio.timeout(_READY_WITHIN_S):
                    while not await self._answers(http):
                        await asyncio.sleep(0.02)
            except TimeoutError as late:
                raise ProcessFailed(
                    f"{self.name} was not ready in {_READY_WITHIN_S:.0f} s\n{self.tail()}"
                ) from late

    async def _answers(self, http: httpx.AsyncClient) -> bool:
        if self._child is not None and self._child.returncode is not None:
            raise ProcessFailed(f"{self.name} ended with code {self._child.returncode}\n{self.tail()}")
        try:
            return (await http.get(self.ready_url)).status_code == 200
        except httpx.TransportError:
            return False

    async def wait(self) -> int:
        """Wait for the end of the process; its exit code."""
        return await self._child.wait() if self._child is not None else 0

    async def kill(self) -> None:
        """End it at once (SIGKILL) and wait until it is gone."""
        os.kill(self.pid, signal.SIGKILL)
        await self.wait()

    async def stop(self) -> None:
        """Ask it to end (SIGTERM); kill it when it does not."""
        if self._child is None or not self.runs:
            return
        self._child.terminate()
        try:
            async with asyncio.timeout(_STOP_WITHIN_S):
                await self._child.wait()
        except TimeoutError:
            await self.kill()

    def tail(self, lines: int = 20) -> str:
        """The end of its log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


@dataclass(frozen=True)
class Pair:
    """A sandbox and a gateway beside it, each a process of its own."""

    sandbox: Process
    gateway: Process
    url: str
    control_url: str
    admin_token: str
    folder: Path


def sandbox_and_gateway(folder: Path, settings: Mapping[str, str] | None = None) -> Pair:
    """Describe (not start) both on free loopback ports, with their data and logs in `folder`.

    `settings` are further `WAYPOST_*` variables of the gateway.
    """
    port, control = free_port(), free_port()
    url, control_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{control}"
    admin_token = f"1|{secrets.token_urlsafe(32)}"
    sandbox = Process(
        "the sandbox",
        [
            "sandbox",
            "serve",
            "--data",
            str(folder / "sandbox"),
            "--control-port",
            str(control),
            "--proxy-port",
            "0",
        ],
        f"{control_url}/v1/network",
        folder / "sandbox.log",
    )
    gateway = Process(
        "the gateway",
        ["serve"],
        f"{url}/readyz",
        folder / "gateway.log",
        {
            "WAYPOST_DATA": str(folder / "gateway"),
            "WAYPOST_HOST": "127.0.0.1",
            "WAYPOST_PORT": str(port),
            "WAYPOST_NETWORK": "sandbox",
            "WAYPOST_SANDBOX_URL": control_url,
            "WAYPOST_ADMIN_TOKEN": admin_token,
            **(settings or {}),
        },
    )
    return Pair(sandbox, gateway, url, control_url, admin_token, folder)
