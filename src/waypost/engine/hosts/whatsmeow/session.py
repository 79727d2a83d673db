"""One session in this process: its lock, its events, and the client that is connected for it."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from structlog.typing import FilteringBoundLogger

from waypost.engine.hosts.whatsmeow import account_events, incoming
from waypost.engine.hosts.whatsmeow.client import Client, StillStarting
from waypost.engine.hosts.whatsmeow.journal import Journal
from waypost.engine.hosts.whatsmeow.library import Library
from waypost.engine.hosts.whatsmeow.names import Names
from waypost.engine.port import EngineEvent, StateChanged
from waypost.engine.store_folder import StoreFolder, StoreLock
from waypost.errors import (
    DATA_FOLDER_BUSY,
    ENGINE_DIED,
    NOT_CONNECTED,
    OUTCOME_UNKNOWN,
    SESSION_BUSY,
    EngineError,
)

T = TypeVar("T")

_LOCK_S: Final = 2.0  # an engine process that lost its gateway needs a moment to end
# Between first connects; whatsmeow itself repeats those that follow a success.
_RETRY_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
_DRAIN_S: Final = 10.0  # whatsmeow gives a send up 5 s after its connection is gone
_REPEAT_S: Final = 4.0  # from a reconnect to the ack of the frame that whatsmeow then repeats

MakeClient = Callable[[bytes, Callable[[int, bytes], None]], Client]


class HostedSession:
    """Holds the store's lock from `open` to `close`, and keeps a client connected in between.

    `make_client(subscribed, on_event)` makes a client for this session's store.
    """

    def __init__(
        self,
        instance_id: str,
        folder: StoreFolder,
        make_client: MakeClient,
        on_growth: Callable[[], None],
        log: FilteringBoundLogger,
    ) -> None:
        self._instance_id = instance_id
        self._make_client = make_client
        self._log = log
        self._lock = StoreLock(folder)
        self._folder = folder
        self._on_growth = on_growth
        self._journal: Journal | None = None
        self._client: Client | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._generation = 0
        self._loop = asyncio.get_running_loop()
        self._reconnected = asyncio.Event()
        self._turn = asyncio.Lock()
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._names = Names(instance_id, self.call, self._append, log)

    async def open(self) -> None:
        """Lock the store and begin to connect. Raises EngineError when somebody else has it open, or
        when this process is not the place to connect now."""
        deadline = time.monotonic() + _LOCK_S
        while not self._lock.acquire():
            if time.monotonic() > deadline:
                raise EngineError(DATA_FOLDER_BUSY, "Another engine process has this session open.")
            await asyncio.sleep(0.05)
        try:
            self._journal = Journal(self._folder.spool, self._on_growth, self._log)
        except BaseException:
            self._lock.release()
            raise
        client = self._connect()
        if await client.begins():
            return
        await self.close()
        raise EngineError(NOT_CONNECTED, "Other sessions take long to connect; this one goes elsewhere.")

    async def close(self) -> None:
        """Disconnect, let calls end, and unlock. Raises EngineError when the client can't be brought to an
        end.

        A client whose start has not come to an end can't be disconnected, and it has sent nothing: it keeps
        the lock until it can, so that nobody else opens the store meanwhile.
        """
        try:
            if self._client is not None:
                await self._client.disconnect()
            if self._keeper is not None:
                self._keeper.cancel()
            self._names.stop()
            async with asyncio.timeout(_DRAIN_S):
                await self._idle.wait()
        except TimeoutError as error:
            raise EngineError(ENGINE_DIED, "A session could not be closed.") from error
        except StillStarting:
            self._lock.disown()
            self._lingering = asyncio.create_task(self._linger())
            return
        if self._journal is not None:
            self._journal.close()
        self._lock.release()

    async def _linger(self) -> None:
        self._generation += 1  # what becomes of its connection is of no interest
        if self._keeper is not None:
            self._keeper.cancel()
        if self._client is not None:
            await self._client.settled()
        try:
            await self.close()
        except EngineError:
            self._log.exception("session_not_closed", session=self._instance_id)

    async def call(self, function: Callable[[Library, bytes], T]) -> T:
        """One call into the library for this session. Raises EngineError(NOT_CONNECTED)."""
        if self._client is None:
            raise EngineError(NOT_CONNECTED)
        return await self._counted(self._client, function)

    async def send(self, function: Callable[[Library, bytes], T], turn_within: float, ack_within: float) -> T:
        """One call that sends, when no other does.

        whatsmeow holds a lock from before the encryption until the server's ack, for 75 s and longer when
        none comes, and a send that waits for that lock can't be called back. So they queue here, where it is
        certain that nothing was sent; and an ack that is overdue costs the client its connection, for a new
        one to serve the other chats. Raises EngineError(SESSION_BUSY | NOT_CONNECTED | OUTCOME_UNKNOWN).
        """
        try:
            async with asyncio.timeout(turn_within):
                await self._turn.acquire()
        except TimeoutError as error:
            raise EngineError(SESSION_BUSY) from error
        try:
            client = self._client
            if client is None:
                raise EngineError(NOT_CONNECTED)
            under_way = asyncio.ensure_future(self._counted(client, function))
            if not await self._acked(under_way, ack_within):
                under_way.add_done_callback(lambda late: late.cancelled() or late.exception())
                await self._renew(client)
                raise EngineError(OUTCOME_UNKNOWN, "No acknowledgement came in time.")
            return under_way.result()
        finally:
            self._turn.release()

    async def _acked(self, under_way: "asyncio.Future[T]", within: float) -> bool:
        """Wait for the end of a send. After a reconnect whatsmeow repeats the frame, at times into the old
        socket, and then waits without a limit: an ack that does not follow a reconnect soon does not follow
        at all."""
        self._reconnected.clear()
        reconnected = asyncio.ensure_future(self._reconnected.wait())
        either: set[asyncio.Future[Any]] = {under_way, reconnected}
        try:
            await asyncio.wait(either, timeout=within, return_when=asyncio.FIRST_COMPLETED)
            if reconnected.done() and not under_way.done():
                await asyncio.wait({under_way}, timeout=min(within, _REPEAT_S))
            return under_way.done()
        finally:
            reconnected.cancel()

    async def _counted(self, client: Client, function: Callable[[Library, bytes], T]) -> T:
        self._running += 1
        self._idle.clear()
        try:
            return await client.call(function)
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    async def _renew(self, client: Client) -> None:
        """Replace the client. Once the old one is disconnected, nothing that it still does can reach the
        server."""
        if self._keeper is None or self._client is not client:
            return
        self._keeper.cancel()
        self._record("ack_overdue")
        try:
            await client.disconnect()
        except (TimeoutError, EngineError, StillStarting) as error:
            raise EngineError(ENGINE_DIED, "A session could not be disconnected.") from error
        self._connect()

    def _connect(self) -> Client:
        client = self._client = self._next_client()
        self._keeper = asyncio.create_task(self._keep(client))
        return client

    async def _keep(self, client: Client) -> None:
        attempt = 0
        while True:
            reason = await client.run()
            self._log.warning("first_connect_failed", session=self._instance_id, reason=reason[:200])
            self._record("unreachable")
            await asyncio.sleep(_RETRY_S[min(attempt, len(_RETRY_S) - 1)])
            attempt += 1
            client = self._client = self._next_client()

    def _next_client(self) -> Client:
        self._generation += 1
        generation = self._generation
        return self._make_client(
            incoming.SESSION_EVENTS, lambda code, data: self._on_event(generation, code, data)
        )

    def _append(self, event: EngineEvent) -> None:
        if self._journal is not None:
            self._journal.append(event)

    def _record(self, reason: str) -> None:
        if self._journal is not None:
            self._journal.append(
                StateChanged(
                    instance_id=self._instance_id, at=time.time(), state="disconnected", reason=reason
                )
            )

    def _on_event(self, generation: int, code: int, data: bytes) -> None:
        """In a thread of the library. What becomes of a client that was replaced is of no interest; its
        messages are."""
        event = incoming.translate(code, data, self._instance_id, time.time())
        stale = isinstance(event, StateChanged) and generation != self._generation
        if code == incoming.CONNECTED and not stale:
            self._loop.call_soon_threadsafe(self._reconnected.set)
        if code in (incoming.CONNECTED, account_events.STATE_READ) and generation == self._generation:
            self._loop.call_soon_threadsafe(self._names.look)
        if event is not None and not stale and self._journal is not None:
            self._journal.append(event)
