"""Keeps calls and starts apart: the library's maps have no locks.

What the library does, as neonize 0.5.2 has it (`goneonize/main.go`, functions `Neonize` and
`CallbackFunction`). A start writes `StopSignal`, opens the store, writes `eventChannel`, loads the device,
writes `clients`, and only then connects; it never writes again. When the connection is made (or a QR code
was scanned) it reads `eventChannel` and `clients`, and after that reports its first event. Every call reads
`clients` as its first act. A read during a write aborts the process, and so do two writes.

So a start has two signs, and neither is a guess. `written`: whatsmeow's "Dialing …", which the start's own
thread logs at the level DEBUG as the first act of connecting, before any network (`socket/framesocket.go`,
`FrameSocket.Connect`), or whatever comes later; opening the store may delay it, the network can't.
`settled`: the first event, or the start's return.

The thread that logs waits for us, so a start can be held there for as long as others write. Starts go in
rounds: one after the other writes and is held, then all are let go and connect side by side; the next round
writes when all of them are settled. No call begins from before a round's first write until its last. A start
that has not written in time has the calls refused until it has; those that are held stay so, because they
would come to read. One that takes longer still moves to a process of its own, which costs all others here a
reconnect: not before it is certain that the machine is not merely busy, with starts above all. A round that
does not settle soon is made known, for other starts to go elsewhere.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Final, TypeVar

from waypost.errors import NOT_CONNECTED, EngineError

T = TypeVar("T")

# Seconds. A call may be held for a second: a start that joins a round in time still has its own limit.
HOLD_S: Final = 0.7  # for a start to write; 0.01 s on an idle machine
JOIN_S: Final = 0.3  # how long a call may have been held when one more start joins the round
_ROUND_S: Final = 1.5  # the same where nobody calls: who was first in the round waits for it to be let go
# For a call to end, or to read the map: that takes it microseconds, of a processor that it may wait for.
_READ_S: Final = 0.25
_CLEAR_S: Final = 0.3  # for all calls to be that far
OCCUPIED_S: Final = 2.0  # for a round to settle; a connect takes 0.5 s across the world
# More than the library's own limits for a connect together (30 s to dial, 60 s for a proxy's answer, 10 s for
# TLS, 20 s for the Noise handshake): beyond it the network is not slow, the start is stuck.
SETTLE_S: Final = 150.0


@dataclass(frozen=True, slots=True)
class Start:
    """One start: `begin` starts it, `written` and `settled` are its signs (the second implies the first), and
    `slow` is told when it has not written within hold and patience, or is stuck while other starts wait. A
    start that has written does not connect before `let_go` is called."""

    begin: Callable[[], None]
    let_go: Callable[[], None]
    slow: Callable[[], None]
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    written: asyncio.Event = field(default_factory=asyncio.Event)
    settled: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class _Turn:
    start: Start
    came: asyncio.Future[None]


class StartGate:
    """Used by the loop of one engine process; `pool` runs the calls. `on_occupied` is told True when a round
    does not settle soon, False when it then has. A start that has not written `hold` seconds after it began
    has calls refused, and is slow `patience` seconds later."""

    def __init__(
        self,
        pool: Executor,
        on_occupied: Callable[[bool], None],
        hold: float = HOLD_S,
        patience: float = 0.0,
        join: float = JOIN_S,
        occupied: float = OCCUPIED_S,
        settle: float = SETTLE_S,
    ) -> None:
        self._pool = pool
        self._on_occupied = on_occupied
        self._hold = hold
        self._patience = patience
        self._join = join
        self._occupied = occupied
        self._settle = settle
        self._loop = asyncio.get_running_loop()
        self._open = asyncio.Event()
        self._open.set()
        self._held_since: float | None = None  # the first call that waits
        self._refusing = False
        self._entering: set[object] = set()  # calls that may not have read the map yet
        self._none_entering = asyncio.Event()
        self._none_entering.set()
        self._turns: deque[_Turn] = deque()  # starts that have not begun
        self._rounds: asyncio.Task[None] | None = None
        self._blocked = asyncio.Event()  # no start will begin soon

    async def call(self, function: Callable[[], T]) -> T:
        """Run `function`, one call into the library, in a thread, when no start may be writing.

        Raises EngineError(NOT_CONNECTED), without having called, when a start takes too long.
        """
        while not self._open.is_set():
            if self._held_since is None:
                self._held_since = self._loop.time()
            await self._open.wait()
        if self._refusing:
            raise EngineError(
                NOT_CONNECTED, "Another session takes long to start; this one moves to another process."
            )
        loop = self._loop
        token = object()
        self._entering.add(token)
        self._none_entering.clear()

        def run() -> T:
            loop.call_soon_threadsafe(loop.call_later, _READ_S, self._entered, token)
            return function()

        job = self._pool.submit(run)
        # Not when the awaiting task is done: it may be cancelled, and the call goes on.
        job.add_done_callback(lambda _: loop.call_soon_threadsafe(self._entered, token))
        return await asyncio.wrap_future(job)

    async def start(self, start: Start) -> None:
        """Begin `start` when it is its turn, and return once it is settled; whatever `begin` raises.

        Cancelling this takes back a start that has not begun; one that has is followed to its end.
        """
        turn = _Turn(start, self._loop.create_future())
        self._turns.append(turn)
        if self._rounds is None:
            self._rounds = asyncio.create_task(self._run_rounds())
        try:
            await turn.came
        finally:
            self.take_back(start)
        await start.settled.wait()

    def take_back(self, start: Start) -> bool:
        """See to it that a start whose turn has not come never begins; False for any other."""
        turn = next((turn for turn in self._turns if turn.start is start), None)
        if turn is None:
            return False
        self._turns.remove(turn)
        turn.came.cancel()
        return True

    async def turn(self, start: Start, within: float) -> bool:
        """Wait until `start` has begun, or for `within` seconds; False when meanwhile those before it were
        found to take so long that it had better begin elsewhere. Who comes when that is known already is not
        told again."""
        if self._blocked.is_set():
            return True
        either = [asyncio.create_task(event.wait()) for event in (start.begun, self._blocked)]
        try:
            await asyncio.wait(either, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in either:
                task.cancel()
        return start.begun.is_set() or not self._blocked.is_set()

    async def _run_rounds(self) -> None:
        try:
            while self._turns:
                await self._round()
        finally:
            self._rounds = None

    async def _round(self) -> None:
        await self._keep_calls_out()
        members: list[Start] = []
        try:
            until = self._loop.time() + _ROUND_S
            while self._turns and self._may_join(until):
                turn = self._turns.popleft()
                if turn.came.cancelled() or not self._begin(turn):
                    continue
                members.append(turn.start)
                if not await self._written(turn.start):
                    break
        finally:
            self._let_calls_in()
            for start in members:
                start.let_go()
        if members:
            await self._settled(members)

    def _may_join(self, until: float) -> bool:
        now = self._loop.time()
        return now < until and (self._held_since is None or now < self._held_since + self._join)

    def _begin(self, turn: _Turn) -> bool:
        try:
            turn.start.begin()
        except Exception as error:  # noqa: BLE001 - it is the caller's
            turn.came.set_exception(error)
            return False
        turn.start.begun.set()
        turn.came.set_result(None)
        return True

    async def _written(self, start: Start) -> bool:
        """Wait until it has; says whether that was in time."""
        if await _within(self._hold, start.written):
            return True
        self._refusing = True
        self._let_calls_in()
        if not await _within(self._patience, start.written):
            start.slow()
            self._blocked.set()
            await start.written.wait()
            self._blocked.clear()
        self._refusing = False
        return False

    async def _settled(self, starts: list[Start]) -> None:
        """Wait until all have; tells who would wait for them."""
        settled = asyncio.gather(*(start.settled.wait() for start in starts))
        await asyncio.wait({settled}, timeout=self._occupied)
        if settled.done():
            return
        self._on_occupied(True)
        self._blocked.set()
        while not settled.done():
            await asyncio.wait({settled}, timeout=self._settle)
            stuck = [start for start in starts if not start.settled.is_set()]
            if stuck and self._turns:
                stuck[0].slow()  # one will do: the others come back together
        self._blocked.clear()
        self._on_occupied(False)

    async def _keep_calls_out(self) -> None:
        """Let no call begin, and wait until those that have begun are past the map; not longer than calls may
        be held at one time."""
        while True:
            self._open.clear()
            try:
                async with asyncio.timeout(_CLEAR_S):
                    await self._none_entering.wait()
                return
            except TimeoutError:  # all threads of the pool are busy, so that calls wait for one
                self._let_calls_in()
                await asyncio.sleep(_CLEAR_S)

    def _let_calls_in(self) -> None:
        self._held_since = None
        self._open.set()

    def _entered(self, token: object) -> None:
        self._entering.discard(token)
        if not self._entering:
            self._none_entering.set()


async def _within(seconds: float, event: asyncio.Event) -> bool:
    """Whether the event is set in time."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
