"""One client in the library: started under the gate, called through it, closed for good."""

import asyncio
import threading
from collections.abc import Callable
from typing import Final, TypeVar

from neonize.proto.waCompanionReg.WAWebProtobufsCompanionReg_pb2 import DeviceProps

from waypost.engine.hosts.whatsmeow import account_events, incoming
from waypost.engine.hosts.whatsmeow.gate import Start, StartGate
from waypost.engine.hosts.whatsmeow.library import Library
from waypost.engine.hosts.whatsmeow.logs import is_dialing, logged_out
from waypost.errors import NOT_CONNECTED, EngineError

T = TypeVar("T")

_DEVICE: Final = DeviceProps(os="Waypost", platformType=DeviceProps.CHROME).SerializeToString()
_DISCONNECT_S: Final = 2.0
_TURN_S: Final = 5.0
# Longer than a round of starts takes to write, and than a process with a slow one is given to end.
_HELD_S: Final = 20.0
_REPORT_S: Final = 2.0  # from the log's line of a logout to the first event; microseconds on an idle machine


class StillStarting(Exception):
    """The store has not been opened, or the network has not answered: there is nothing to disconnect yet."""


class Client:
    """A client lives in the library's maps until the process ends: a reconnect by hand is a new one.

    `client_id` must be new in this process. `on_event` and `on_log` are called in threads of the library,
    `on_slow` in the loop, when the start keeps the process's calls waiting.
    """

    def __init__(
        self,
        library: Library,
        gate: StartGate,
        client_id: str,
        store: str,
        proxy_url: str | None,
        subscribed: bytes,
        on_event: Callable[[int, bytes], None],
        on_log: Callable[[bytes], None],
        on_slow: Callable[[], None],
    ) -> None:
        self._library = library
        self._gate = gate
        self._store = store
        self._proxy_url = proxy_url
        self._subscribed = subscribed
        self._on_event = on_event
        self._on_log = on_log
        self._id = client_id.encode()
        self._loop = asyncio.get_running_loop()
        self._may_dial = threading.Event()
        self._start = Start(self._begin, self._may_dial.set, on_slow)
        self._ended: asyncio.Future[str] = self._loop.create_future()

    async def run(self) -> str:
        """Start and stay; returns only when the first connect failed, with the library's reason."""
        await self._gate.start(self._start)
        return await self._ended

    async def begins(self) -> bool:
        """Wait a moment for the start to begin; False when it never will, because others take so long to
        connect that it had better start in another process."""
        return await self._gate.turn(self._start, _TURN_S) or not self._gate.take_back(self._start)

    async def call(self, function: Callable[[Library, bytes], T]) -> T:
        """Call the library for this client. Raises EngineError(NOT_CONNECTED) while it is not there to be
        called."""
        if not self._start.settled.is_set() or self._ended.done():
            raise EngineError(NOT_CONNECTED)
        return await self._gate.call(lambda: function(self._library, self._id))

    async def disconnect(self) -> None:
        """Close the connection for good, and see to it that it is closed.

        Raises TimeoutError when it can't be, EngineError(NOT_CONNECTED) when it can't be now; StillStarting
        before either when it has not come that far, which it may yet.
        """
        if self._ended.done() or not self._start.begun.is_set():
            return
        try:
            async with asyncio.timeout(_DISCONNECT_S):
                await self._start.settled.wait()
        except TimeoutError:
            raise StillStarting from None
        if self._ended.done():
            return
        async with asyncio.timeout(_DISCONNECT_S):
            await self.call(lambda library, client: library.disconnect(client))
            while await self.call(lambda library, client: library.is_connected(client)):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def settled(self) -> None:
        """Wait until the start has come to an end, however it ended."""
        await self._start.settled.wait()

    def _begin(self) -> None:
        # A daemon: the call inside never returns, and the process ends without waiting for it.
        threading.Thread(target=self._run, name=self._id.decode(), daemon=True).start()

    def _run(self) -> None:
        reason = self._library.run(
            self._id, self._store, _DEVICE, self._subscribed, self._proxy_url, self._event, self._log
        )
        self._loop.call_soon_threadsafe(self._end, reason)

    def _event(self, code: int, data: bytes) -> None:
        self._on_event(code, data)
        if not self._start.settled.is_set():
            self._loop.call_soon_threadsafe(self._settle)

    def _log(self, data: bytes) -> None:
        if not self._start.settled.is_set():
            self._read_signs(data)
        elif (collection := account_events.state_read(data)) is not None:
            self._on_event(account_events.STATE_READ, collection.encode())
        self._on_log(data)

    def _read_signs(self, data: bytes) -> None:
        if is_dialing(data):
            self._loop.call_soon_threadsafe(self._start.written.set)
            # This is the start's own thread. Once it may dial it always may: reconnects don't wait.
            self._may_dial.wait(_HELD_S)
        elif (event := logged_out(data)) is not None:
            self._loop.call_soon_threadsafe(self._loop.call_later, _REPORT_S, self._report_logout, event)

    def _report_logout(self, event: bytes) -> None:
        """The library waits for its store to have a device before it reports its first event (neonize,
        `FetchMe`). A device that the server refuses at once may have been deleted by then: nothing is ever
        reported."""
        if not self._start.settled.is_set():
            self._settle()
            self._on_event(incoming.LOGGED_OUT, event)

    def _end(self, reason: str) -> None:
        if not self._ended.done():
            self._ended.set_result(reason)
        self._settle()

    def _settle(self) -> None:
        self._start.written.set()
        self._start.settled.set()
