"""One client in the library: started under the gate, called through it, closed for good."""

import asyncio
import threading
from collections.abc import Callable
from typing import Final, TypeVar

from neonize.proto.waCompanionReg.WAWebProtobufsCompanionReg_pb2 import DeviceProps

from waypost.engine.hosts.whatsmeow.gate import StartGate
from waypost.engine.hosts.whatsmeow.library import Library
from waypost.errors import NOT_CONNECTED, EngineError

T = TypeVar("T")

_DEVICE: Final = DeviceProps(os="Waypost", platformType=DeviceProps.CHROME).SerializeToString()
_DISCONNECT_S: Final = 2.0


class Client:
    """A client lives in the library's maps until the process ends: a reconnect by hand is a new one.

    `client_id` must be new in this process. `on_event` and `on_log` are called in threads of the library.
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
        self._begun = False
        self._alive = asyncio.Event()
        self._ended: asyncio.Future[str] = self._loop.create_future()

    async def run(self) -> str:
        """Start and stay; returns only when the first connect failed, with the library's reason."""
        await self._gate.start(self._begin, self._alive)
        return await self._ended

    async def call(self, function: Callable[[Library, bytes], T]) -> T:
        """Call the library for this client. Raises EngineError(NOT_CONNECTED) while it is not there to be
        called."""
        if not self._alive.is_set() or self._ended.done():
            raise EngineError(NOT_CONNECTED)
        return await self._gate.call(lambda: function(self._library, self._id))

    async def disconnect(self) -> None:
        """Close the connection for good, and see to it that it is closed.

        Raises TimeoutError when it can't be: the client may then still connect.
        """
        if self._ended.done() or not self._begun:
            return
        async with asyncio.timeout(_DISCONNECT_S):
            await self._alive.wait()
            if self._ended.done():
                return
            await self.call(lambda library, client: library.disconnect(client))
            while await self.call(lambda library, client: library.is_connected(client)):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    def _begin(self) -> None:
        self._begun = True
        # A daemon: the call inside never returns, and the process ends without waiting for it.
        threading.Thread(target=self._run, name=self._id.decode(), daemon=True).start()

    def _run(self) -> None:
        reason = self._library.run(
            self._id, self._store, _DEVICE, self._subscribed, self._proxy_url, self._event, self._on_log
        )
        self._loop.call_soon_threadsafe(self._end, reason)

    def _event(self, code: int, data: bytes) -> None:
        self._on_event(code, data)
        if not self._alive.is_set():
            self._loop.call_soon_threadsafe(self._alive.set)

    def _end(self, reason: str) -> None:
        if not self._ended.done():
            self._ended.set_result(reason)
        self._alive.set()
