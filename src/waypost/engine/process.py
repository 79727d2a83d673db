"""One engine process, seen from the gateway: started, called, watched, ended."""

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from structlog.typing import FilteringBoundLogger

from waypost.engine import wire
from waypost.engine.child import Child
from waypost.engine.port import Network
from waypost.engine.settings import EngineSettings
from waypost.errors import ENGINE_DIED, INTERNAL, NOT_CONNECTED, TABLE, EngineError
from waypost.origin import origin

T = TypeVar("T")

_MODULE: Final = "waypost.engine.hosts.whatsmeow"
_KEPT: Final = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "PYTHONPATH",
    "VIRTUAL_ENV",
)
# Only where the engine talks to WhatsApp itself: the operator's proxy and certificates.
_KEPT_OUTSIDE: Final = (
    "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY",
    "all_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
)  # fmt: skip
_PING_S: Final = 10.0
_KILL_S: Final = 5.0
_WORN_AFTER: Final = 300
_LAST_WORDS: Final = 40  # lines

Signal = wire.Spooled | wire.PairingStep | wire.StartSlow
_report_decoder: Final = msgspec.msgpack.Decoder(wire.Report)


def environment(network: Network, ca_folder: Path | None, current: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of an engine process. Secrets of the gateway are not in it.

    Go reads `SSL_CERT_DIR` at exec only; it adds to the system's roots, where `SSL_CERT_FILE` would replace
    them.
    """
    kept = _KEPT + (_KEPT_OUTSIDE if network.name == "whatsapp" else ())
    found = {name: current[name] for name in kept if name in current}
    found["NEONIZE_BOT_TAG"] = "off"  # else messages are marked as those of an automated business
    if ca_folder is not None:
        found["SSL_CERT_DIR"] = str(ca_folder)
    return found


class EngineProcess:
    """Made by `start`. `on_signal` gets what the process reports unasked."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: wire.FrameWriter,
        settings: EngineSettings,
        on_signal: Callable[[Signal], None],
        log: FilteringBoundLogger,
    ) -> None:
        self.pid = process.pid
        self.sessions: set[str] = set()
        self._starts = 0
        self._private = False
        self.occupied = False  # sessions have long been connecting, and no other can begin to
        self._over = asyncio.Event()
        self.started = asyncio.get_running_loop().time()
        self._process = process
        self._child = Child(process.pid)
        self._reader = reader
        self._writer = writer
        self._settings = settings
        self._on_signal = on_signal
        self._log = log.bind(engine_pid=process.pid)
        self._calls: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._numbers = itertools.count(1)
        self._dead = asyncio.Event()
        self._last_words: deque[str] = deque(maxlen=_LAST_WORDS)
        self._tasks = [
            asyncio.create_task(self._read()),
            asyncio.create_task(self._read_log()),
        ]

    @property
    def alive(self) -> bool:
        """Whether it can still be called."""
        return not self._dead.is_set()

    @property
    def worn(self) -> bool:
        """Each start leaks a little in the library (0.35 MB, two descriptors): after many, a process gets no
        more. One that a session has had to itself gets none either."""
        return self._private or self._starts >= _WORN_AFTER

    @property
    def retired(self) -> bool:
        """Whether it takes no calls any more."""
        return self._over.is_set()

    def take(self, instance_id: str) -> None:
        """A session is going to be opened here."""
        self.sessions.add(instance_id)
        self._starts += 1

    def keep_private(self) -> None:
        """Only the session that is there stays."""
        self._private = True

    def watch(self) -> None:
        """Begin to ask whether it still answers."""
        self._tasks.append(asyncio.create_task(self._watch()))

    async def over(self) -> None:
        """Wait until the process takes no calls any more."""
        await self._over.wait()

    async def dead(self) -> None:
        """Wait until the process is gone."""
        await self._dead.wait()

    async def call(self, make: Callable[[int], wire.Command], result: type[T], within: float) -> T:
        """Send the command that `make` builds from a call number, and wait for its result.

        Raises EngineError as the process reports it, EngineError(ENGINE_DIED) when it is gone,
        EngineError(NOT_CONNECTED) when it is retired, TimeoutError.
        """
        if self._dead.is_set():
            raise EngineError(ENGINE_DIED)
        if self.retired:
            raise EngineError(NOT_CONNECTED)
        number = next(self._numbers)
        answer: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()
        self._calls[number] = answer
        try:
            async with asyncio.timeout(within):
                try:
                    await self._writer.send(_on_behalf(make(number)))
                except ConnectionError as error:
                    raise EngineError(ENGINE_DIED) from error
                return msgspec.msgpack.decode(await answer, type=result)
        finally:
            self._calls.pop(number, None)

    async def stop(self) -> None:
        """End the process: by closing its socket, then by force."""
        self._writer.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_KILL_S):
                await self._process.wait()
        await self.kill()

    async def retire(self) -> None:
        """Take no calls any more, give those that run the time for an ack, then end the process; return when
        it is gone."""
        self._begin_to_retire()
        await self._dead.wait()

    async def kill(self) -> None:
        """End the process at once, and return when it is gone."""
        self._child.kill()
        await self._dead.wait()

    async def _read(self) -> None:
        try:
            while (frame := await wire.read_frame(self._reader)) is not None:
                self._take(_report_decoder.decode(frame))
        except (wire.FrameError, msgspec.DecodeError, UnicodeDecodeError):
            self._log.exception("engine_frame_unreadable")
        finally:
            self._child.kill()
            code = await self._process.wait()
            self._child.forget()
            self._report_end(code)
            self._writer.close()
            self._over.set()
            self._dead.set()
            for answer in self._calls.values():
                if not answer.done():
                    answer.set_exception(EngineError(ENGINE_DIED))

    def _report_end(self, code: int) -> None:
        if code in (0, -signal.SIGKILL):
            self._log.info("engine_process_ended", code=code)
        else:
            self._log.error("engine_process_crashed", code=code, output=list(self._last_words))

    def _take(self, report: wire.Report) -> None:
        match report:
            case wire.Done(call=number, result=result):
                answer = self._calls.get(number)
                if answer is not None and not answer.done():
                    answer.set_result(result)
            case wire.Failed(call=number):
                answer = self._calls.get(number)
                if answer is not None and not answer.done():
                    fault = TABLE.get(report.code, INTERNAL)
                    answer.set_exception(EngineError(fault, report.detail, **report.facts))
            case wire.Occupied(occupied=occupied):
                self.occupied = occupied
            case wire.StartSlow(session=session):
                self._note_slow_start(session)
                self._on_signal(report)
            case _:
                self._on_signal(report)

    def _note_slow_start(self, session: str) -> None:
        """Who is alone here does no harm; the others must come back elsewhere."""
        self.keep_private()
        if self.sessions - {session}:
            self._begin_to_retire()

    def _begin_to_retire(self) -> None:
        if not self.retired:
            self._over.set()
            self._log.info("engine_process_retires", sessions=len(self.sessions))
            self._tasks.append(asyncio.create_task(self._drain()))

    async def _drain(self) -> None:
        calls = [call for call in self._calls.values() if not call.done()]
        if calls:
            await asyncio.wait(calls, timeout=self._settings.ack_within)
        self._child.kill()

    async def _read_log(self) -> None:
        """Lines of ours are JSON; anything else is chatter of the library, or what the runtime says when it
        crashes."""
        stderr = self._process.stderr
        while stderr is not None:
            try:
                line = await stderr.readline()
            except ValueError:  # a line longer than the buffer
                continue
            if not line:
                return
            self._log_line(line)

    def _log_line(self, line: bytes) -> None:
        try:
            fields = msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.DecodeError:
            self._last_words.append(line.decode(errors="replace").strip()[:300])
            return
        level = fields.pop("level", "info")
        log = {
            "error": self._log.error,
            "warning": self._log.warning,
            "debug": self._log.debug,
        }.get(level, self._log.info)
        log(f"engine_{fields.pop('event', 'log')}", **fields)

    async def _watch(self) -> None:
        """A process that is stuck is worth less than a new one: its sessions are back within a second."""
        while not self._dead.is_set():
            try:
                await self.call(
                    lambda number: wire.Ping(call=number), type(None), self._settings.silence_within
                )
            except TimeoutError:
                self._log.error("engine_process_silent")
                self._child.kill()
                return
            except EngineError:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._dead.wait(), min(_PING_S, self._settings.silence_within))


async def start(
    network: Network,
    ca_folder: Path | None,
    settings: EngineSettings,
    on_signal: Callable[[Signal], None],
    log: FilteringBoundLogger,
) -> EngineProcess:
    """Start an engine process for `network`.

    Raises EngineError(ENGINE_UNUSABLE | SANDBOX_UNSUPPORTED | ENGINE_DIED); ValueError for a network that is
    half WhatsApp and half sandbox.
    """
    _check(network)
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # nothing in the current folder takes the place of a module
                "-m", _MODULE, str(theirs.fileno()),
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                env=environment(network, ca_folder, os.environ),
            )  # fmt: skip
        reader, stream = await asyncio.open_connection(sock=ours)
    except BaseException:
        ours.close()
        raise
    engine = EngineProcess(process, reader, wire.FrameWriter(stream), settings, on_signal, log)
    try:
        await engine.call(
            lambda number: wire.Configure(
                call=number,
                network=network.name,
                proxy_url=network.proxy_url,
                noise_root=network.noise_root,
                start_patience=settings.start_patience,
            ),
            wire.Ready,
            settings.start_within,
        )
    except TimeoutError as error:
        await engine.kill()
        raise EngineError(ENGINE_DIED, "It did not start in time.") from error
    except BaseException:
        await engine.kill()
        raise
    engine.watch()
    return engine


def _on_behalf(command: wire.Command) -> wire.Command:
    who = origin()
    if who is None or not isinstance(command, wire.OnBehalf):
        return command
    return msgspec.structs.replace(command, request_id=who.request_id)


def _check(network: Network) -> None:
    redirection = (network.proxy_url, network.ca_pem, network.noise_root)
    if network.name == "whatsapp" and any(redirection):
        raise ValueError("a process for WhatsApp is never redirected")
    if network.name == "sandbox" and not all(redirection):
        raise ValueError("a process for the sandbox needs its proxy, its CA and its Noise root key")
