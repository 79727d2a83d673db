"""The engine process: carries out the gateway's commands until the gateway is gone."""

import asyncio
import contextlib
import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import msgspec
from structlog.typing import FilteringBoundLogger

from waypost.engine import wire
from waypost.engine.hosts.whatsmeow import account, calls, downloads, groups
from waypost.engine.hosts.whatsmeow.client import Client
from waypost.engine.hosts.whatsmeow.gate import StartGate
from waypost.engine.hosts.whatsmeow.kernel_timer import kernel_timer
from waypost.engine.hosts.whatsmeow.library import Library
from waypost.engine.hosts.whatsmeow.lifetime import Lifetime
from waypost.engine.hosts.whatsmeow.logs import LibraryLog
from waypost.engine.hosts.whatsmeow.pairing import HostedPairing
from waypost.engine.hosts.whatsmeow.session import HostedSession, MakeClient
from waypost.engine.hosts.whatsmeow.shortfalls import Shortfalls
from waypost.engine.port import PairingEvent
from waypost.engine.store_folder import StoreFolder
from waypost.errors import INTERNAL, NOT_CONNECTED, EngineError, WaypostError
from waypost.origin import Origin, on_behalf_of

_THREADS: Final = 64  # calls inside the library at one time; one send per session and a few uploads
_decoder: Final = msgspec.msgpack.Decoder(wire.Command)


class Program:
    """Serves one gateway over one socket. `configure` is the frame that it began with."""

    def __init__(
        self, library: Library, configure: wire.Configure, writer: wire.FrameWriter, log: FilteringBoundLogger
    ) -> None:
        self._library = library
        self._proxy_url = configure.proxy_url
        self._writer = writer
        self._lifetime = Lifetime(lambda: os._exit(0), kernel_timer())
        self._log = log
        pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="call")
        self._gate = StartGate(pool, self._tell_occupied, patience=configure.start_patience)
        self._library_log = LibraryLog(log, lambda: os._exit(0))
        self._shortfalls = Shortfalls()
        self._sessions: dict[str, HostedSession] = {}
        self._client_ids = itertools.count(1)
        self._grown: set[str] = set()
        self._growth = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    async def serve(self, reader: asyncio.StreamReader) -> None:
        """Read commands until the end of the stream."""
        async with asyncio.TaskGroup() as group:
            signals = group.create_task(self._signal_growth())
            while (frame := await wire.read_frame(reader)) is not None:
                group.create_task(self._answer(_decoder.decode(frame)))
            signals.cancel()
            os._exit(0)  # the library's threads never end, and nobody is left to work for

    async def _answer(self, command: wire.Command) -> None:
        request_id = command.request_id if isinstance(command, wire.OnBehalf) else None
        with on_behalf_of(None if request_id is None else Origin(request_id)):
            answer = await self._tried(command)
            if request_id is not None:
                code = answer.code if isinstance(answer, wire.Failed) else None
                self._log.debug("command_done", command=type(command).__name__, code=code)
        with contextlib.suppress(ConnectionError):  # the reader ends this process when the gateway is gone
            await self._writer.send(answer)

    async def _tried(self, command: wire.Command) -> wire.Done | wire.Failed:
        try:
            result = await self._carry_out(command)
            return wire.Done(call=command.call, result=msgspec.Raw(msgspec.msgpack.encode(result)))
        except WaypostError as error:
            return wire.Failed(
                call=command.call, code=error.code, detail=error.detail, facts=dict(error.facts)
            )
        except Exception:  # noqa: BLE001 - the caller must get an answer to every call
            self._log.exception("command_failed", command=type(command).__name__)
            return wire.Failed(call=command.call, code=INTERNAL.code)

    async def _carry_out(self, command: wire.Command) -> Any:
        match command:
            case wire.OpenSession():
                return await self._open(command)
            case wire.CloseSession():
                return await self._close(command.session)
            case wire.BeginPairing():
                return self._pair(command)
            case wire.SendMessage():
                return await calls.send(
                    self._session(command.session), command, self._lifetime.check, self._shortfalls
                )
            case wire.UploadFile():
                return await calls.upload(self._session(command.session), Path(command.path), command.kind)
            case wire.DownloadFile():
                return await downloads.download(
                    self._session(command.session), command.content, Path(command.path)
                )
            case wire.RejectCall():
                return await calls.reject(self._session(command.session), command)
            case wire.CheckNumbers():
                return await calls.check(self._session(command.session), command.numbers)
            case wire.MarkRead() | wire.ShowInChat() | wire.ShowPresence():
                return await calls.tell(self._session(command.session), command)
            case wire.AboutAccount():
                return await account.carry_out(self._session(command.session), command.order)
            case wire.AboutGroups():
                return await groups.carry_out(self._session(command.session), command.order)
            case wire.LogoutSession():
                return await calls.logout(self._session(command.session))
            case wire.HoldUntil():
                self._lifetime.until(command.deadline)
                return None
            case wire.Ping() | wire.Configure():
                return None

    def _session(self, instance_id: str) -> HostedSession:
        """An id that the library does not know would crash it, so none gets there."""
        session = self._sessions.get(instance_id)
        if session is None:
            raise EngineError(NOT_CONNECTED)
        return session

    async def _open(self, command: wire.OpenSession) -> None:
        if command.session in self._sessions:
            return
        folder = StoreFolder(Path(command.folder))
        session = HostedSession(
            command.session,
            folder,
            self._client_maker(command.session, command.store),
            lambda: self._grow(command.session),
            self._log,
        )
        self._sessions[command.session] = session
        try:
            await session.open()
        except BaseException:
            del self._sessions[command.session]
            raise

    async def _close(self, instance_id: str) -> None:
        session = self._sessions.get(instance_id)
        if session is not None:
            await session.close()
            del self._sessions[instance_id]

    def _pair(self, command: wire.BeginPairing) -> None:
        async def report(step: PairingEvent | None) -> None:
            await self._writer.send(wire.PairingStep(session=command.session, step=step))

        make_client = self._client_maker(command.session, command.store)
        pairing = HostedPairing(make_client, report, phone=command.phone)
        self._pairing = asyncio.create_task(pairing.run())

    def _client_maker(self, instance_id: str, store: str) -> MakeClient:
        def make(subscribed: bytes, on_event: Callable[[int, bytes], None]) -> Client:
            return Client(
                self._library,
                self._gate,
                f"client-{next(self._client_ids)}",
                store,
                self._proxy_url,
                subscribed,
                on_event,
                self._read_log,
                lambda: self._tell_slow(instance_id),
            )

        return make

    def _read_log(self, data: bytes) -> None:
        self._shortfalls.read(data)
        self._library_log.write(data)

    def _grow(self, instance_id: str) -> None:
        self._grown.add(instance_id)
        self._growth.set()

    async def _signal_growth(self) -> None:
        """One signal for any number of events: the gateway reads the spool, not the signal."""
        while True:
            await self._growth.wait()
            self._growth.clear()
            grown, self._grown = self._grown, set()
            for instance_id in grown:
                await self._writer.send(wire.Spooled(session=instance_id))

    def _tell_occupied(self, occupied: bool) -> None:
        self._occupied_task = asyncio.create_task(self._writer.send(wire.Occupied(occupied=occupied)))

    def _tell_slow(self, instance_id: str) -> None:
        self._log.warning("start_slow", session=instance_id)
        self._slow_task = asyncio.create_task(self._writer.send(wire.StartSlow(session=instance_id)))
