"""An instance's line of requests: who may be made ready, uploaded and sent next.

Everything happens in memory and on events (an accept, a task's end, a receipt, a connection, a time noted in
the agenda); the database is asked for nothing but more requests. The rules:

- of one chat at most one request is being sent, and only the oldest unfinished one;
- of different chats several are, and one that has waited long for its ack no longer counts;
- what waits (for a retry, a receipt, an older request) takes no place that another chat could use.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from waypost.clock import Clock
from waypost.durable.retry import longest
from waypost.outbox.agenda import Agenda
from waypost.outbox.clock_steps import ClockSteps
from waypost.outbox.crew import Crew, Work
from waypost.outbox.entry import WAITING, Entry, Phase
from waypost.outbox.failures import is_held, is_restricted
from waypost.outbox.line import Line
from waypost.outbox.reading import Reading
from waypost.outbox.settings import OutboxSettings
from waypost.outbox.slots import Slots
from waypost.outbox.window import Window


class Lane:
    """The unfinished requests of one instance."""

    def __init__(
        self,
        name: str,
        crew: Crew,
        slots: Slots,
        settings: OutboxSettings,
        clock: Clock,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        on_gone: Callable[[], None],
    ) -> None:
        """`name` is the instance's id, `slots` bounds what all lanes prepare, `spawn` starts a task."""
        self.name = name
        self._crew = crew
        self._slots = slots
        self._settings = settings
        self._clock = clock
        self._spawn = spawn
        self._on_gone = on_gone
        self._window = window = Window(settings.window, settings.window_of_chat)
        self._reading = Reading(window, crew.source, settings.window_of_chat, clock, spawn, self._arrived)
        self._to_prepare, self._to_stage, self._to_send = Line(), Line(), Line()
        self._staging: set[asyncio.Task[None]] = set()
        self._sending: dict[asyncio.Task[None], Entry] = {}
        self._agenda = Agenda()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._stopped = False
        self._steps = ClockSteps(clock)

    def find(self, uuid: str) -> Entry | None:
        """The request when it is unfinished and in memory."""
        return self._window.find(uuid)

    def entries(self) -> list[Entry]:
        """All that are in memory, in no order."""
        return self._window.entries()

    @property
    def whole(self) -> bool:
        """Whether all of the instance's unfinished requests are in memory."""
        return self._window.whole

    def is_first(self, entry: Entry) -> bool:
        """Whether no older request of the same chat is unfinished."""
        return self._window.is_first(entry)

    def add(self, entry: Entry) -> None:
        """Take in a request that was stored just now, if there is room; `pump` starts it."""
        self._name(entry)
        if not self._is_known(entry) and self._window.take(entry):
            self._begin_with(entry)

    def look_from(self, seq: int) -> None:
        """The database may have requests from `seq` on that are not known here; `pump` reads them."""
        self._window.look_from(seq)

    def merge(self, old: str, new: str) -> None:
        """The chats `old` and `new` are one: order their requests as one."""
        self._window.merge(old, new)
        self._offer_chat(new)

    def look_at_chat(self, key: str) -> None:
        """The database may have requests of this chat that are not known here, however old."""
        self._window.look_at_chat(key)
        self.pump()

    def take_out(self, uuid: str) -> Entry | None:
        """Stop with a request that has ended by another way."""
        entry = self._window.find(uuid)
        if entry is None:
            return None
        self._abandon(entry)
        entry.phase = Phase.GONE
        self._remove(entry)
        return entry

    def stop_making_ready(self) -> None:
        """Take out whatever is not being sent or ended."""
        for entry in self.entries():
            if entry.phase not in (Phase.SENDING, Phase.ENDING):
                self.take_out(entry.uuid)

    def clear(self) -> list[Entry]:
        """Cancel whatever runs, and hand over all entries; the lane is of no use any more."""
        entries = self.entries()
        for entry in entries:
            self.take_out(entry.uuid)
        self._window.clear()
        return entries

    def wake(self) -> None:
        """The session's state has changed: what waited for a connection is tried at once."""
        for entry in self.entries():
            if entry.connection_hold:
                entry.connection_hold = False
                entry.not_before = 0.0
                self._offer(entry)
        self.pump()

    def let_go(self, key: str | None = None) -> None:
        """What was held back of a chat (of all, unless one is named) for the account's sake may be asked for
        again.
        """
        for entry in self._window.entries():
            if key not in (None, entry.request.chat_key):
                continue
            entry.let_go = True
            if is_held(entry.request.failure):
                entry.not_before = 0.0
                self._offer(entry)
        self._window.recall(key)
        self.pump()

    def receipt_came(self, uuid: str) -> None:
        """A receipt has settled a send whose outcome was unknown."""
        entry = self._window.find(uuid)
        if entry is not None and entry.phase is Phase.RECEIPT:
            entry.wait(Phase.TO_SEND)
            self._offer(entry)
            self.pump()

    def look_for_receipts(self) -> None:
        """Word of receipts that were stored elsewhere may have been lost: whoever waits for one asks anew."""
        for entry in self.entries():
            self.receipt_came(entry.uuid)

    def stop(self) -> None:
        """Begin nothing any more."""
        self._stopped = True
        self._reading.stop()
        if self._timer is not None:
            self._timer.cancel()

    def pump(self) -> None:
        """Start whatever may be started now."""
        if self._stopped:
            return
        self._mind_clock()
        self._look_again()
        self._start_prepares()
        if self._crew.ready():
            self._start_stages()
            self._start_sends()
        self._reading.kick()
        self._set_timer()

    # --- order --------------------------------------------------------------------------------------------

    def _is_known(self, entry: Entry) -> bool:
        known = self._window.find(entry.uuid)
        if known is None or known.request.seq >= entry.request.seq:
            return known is not None
        # It was cancelled and is tried again, both elsewhere.
        self.take_out(entry.uuid)
        return False

    def _name(self, entry: Entry) -> None:
        """Have a request ordered by the canonical key of its chat."""
        stored = entry.request.chat_key
        if entry.rename(self._crew.canonical(stored)):
            # Stored while that key became known: the database does not have it by that key yet, and what is
            # left there would not be found with its chat.
            self._crew.renamed(stored, entry.request.chat_key)

    def _begin_with(self, entry: Entry) -> None:
        self._agenda.at(entry.request.expires_at, entry.uuid)
        self._offer(entry)

    def _arrived(self, entries: list[Entry], chats: list[str]) -> None:
        """Requests were read from the database, and these chats as far as they have room."""
        for entry in entries:
            self._name(entry)
            self._mind_clock_of_others(entry)
            if is_restricted(entry.request.failure):
                entry.not_before = min(entry.not_before, self._crew.restricted_until(entry.request))
            if not self._is_known(entry) and self._window.place(entry):
                self._begin_with(entry)
        for key in chats:
            self._window.settle_chat(key)
            self._offer_chat(key)
        self.pump()

    def _mind_clock(self) -> None:
        back = self._steps.back()
        if not back:
            return
        for entry in self.entries():
            entry.clock_was_set_back(back)
            self._offer(entry)
        self._window.recall(None)

    def _mind_clock_of_others(self, entry: Entry) -> None:
        """Whoever noted when to try again may have had another clock; here it would be no later than this."""
        if not is_held(entry.request.failure):
            limit = longest(self._settings.retry, entry.request.attempts)
            entry.not_before = min(entry.not_before, self._clock.now() + limit)

    def _remove(self, entry: Entry) -> None:
        if self._window.remove(entry):
            self._offer_chat(entry.request.chat_key)
            self._on_gone()

    def _offer_chat(self, key: str) -> None:
        for entry in self._window.first(key, self._settings.ahead_in_chat):
            self._offer(entry)

    def _offer(self, entry: Entry) -> None:
        """Put an entry into the line of what it waits for, as soon as order and time allow it."""
        now = self._clock.now()
        if entry.phase in WAITING and now >= entry.request.expires_at:
            self._begin(entry, Phase.ENDING, self._crew.expire)
        elif entry.phase is Phase.RECEIPT and entry.settle_by is not None:
            self._agenda.at(now + entry.settle_by - self._clock.monotonic(), entry.uuid)
        elif entry.phase in WAITING and entry.not_before > now:
            self._agenda.at(entry.not_before, entry.uuid)
        elif entry.phase is Phase.TO_SEND and self._may_send(entry):
            self._to_send.add(entry)
        elif entry.phase is Phase.TO_STAGE and self._is_near(entry):
            self._to_stage.add(entry)
        elif entry.phase is Phase.TO_PREPARE and self._is_near(entry):
            self._to_prepare.add(entry)

    def _is_near(self, entry: Entry) -> bool:
        """Among the first of its chat: the rest is made ready later, so that one chat can't fill the disk."""
        return self._window.is_near(entry, self._settings.ahead_in_chat)

    def _waits(self, phase: Phase) -> Callable[[Entry], bool]:
        now = self._clock.now()
        return lambda entry: entry.phase is phase and entry.not_before <= now

    def _may_send(self, entry: Entry) -> bool:
        return self._waits(Phase.TO_SEND)(entry) and self.is_first(entry)

    # --- work ---------------------------------------------------------------------------------------------

    def _start_prepares(self) -> None:
        while len(self._to_stage) + len(self._staging) < self._settings.ahead:
            entry = self._to_prepare.first(self._waits(Phase.TO_PREPARE))
            if entry is None or not self._slots.take(self.name, self.pump):
                return
            self._to_prepare.pop()
            self._begin(entry, Phase.PREPARING, self._crew.prepare)

    def _start_stages(self) -> None:
        while len(self._staging) < self._settings.stages and len(self._to_send) < self._settings.ahead:
            entry = self._to_stage.first(self._waits(Phase.TO_STAGE))
            if entry is None:
                return
            self._to_stage.pop()
            self._staging.add(self._begin(entry, Phase.STAGING, self._crew.stage))

    def _start_sends(self) -> None:
        while self._quick_sends() < self._settings.sends:
            entry = self._to_send.first(self._may_send)
            if entry is None:
                return
            self._to_send.pop()
            self._sending[self._begin(entry, Phase.SENDING, self._crew.send)] = entry

    def _quick_sends(self) -> int:
        """Sends that count against the limit: those that have not waited long for their ack."""
        late = self._clock.monotonic() - self._settings.slow_send
        return sum(
            one.performing_since is None or one.performing_since > late for one in self._sending.values()
        )

    def sends(self) -> list[asyncio.Task[None]]:
        """The sends that run."""
        return list(self._sending)

    def _begin(self, entry: Entry, phase: Phase, work: Work) -> asyncio.Task[None]:
        entry.phase = phase
        entry.let_go = False
        task = entry.task = self._spawn(self._run(entry, phase, work))
        task.add_done_callback(lambda _: self._done(entry, phase, task))
        if phase is Phase.SENDING:
            timer = asyncio.get_running_loop().call_later(self._settings.slow_send, self.pump)
            task.add_done_callback(lambda _: timer.cancel())
        return task

    async def _run(self, entry: Entry, phase: Phase, work: Work) -> None:
        try:
            await work(entry)
        except Exception as error:  # noqa: BLE001 - a defect must not stop the lane
            self._crew.report(entry, error)
            entry.wait(_BACK[phase], self._clock.now() + _AFTER_DEFECT_SECONDS)

    def _done(self, entry: Entry, phase: Phase, task: asyncio.Task[None]) -> None:
        # A callback and not a `finally`: a task that is cancelled before its first step runs none.
        self._staging.discard(task)
        self._sending.pop(task, None)
        if phase is Phase.PREPARING:
            self._slots.give_back(self.name)
        if entry.task is not task or self._stopped:
            return
        entry.task = None
        if entry.phase is Phase.GONE:
            self._remove(entry)
        else:
            if entry.let_go and is_held(entry.request.failure):
                entry.not_before = 0.0
            self._offer(entry)
        self.pump()

    def _abandon(self, entry: Entry) -> None:
        """Cancel what runs for an entry; from now on its end changes nothing."""
        task, entry.task = entry.task, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    def _look_again(self) -> None:
        now = self._clock.now()
        self._agenda.forget_others(self._window, len(self._window))
        for uuid in self._agenda.due(now):
            entry = self._window.find(uuid)
            if entry is None:
                continue
            if entry.phase in _INTERRUPTIBLE and now >= entry.request.expires_at:
                self._abandon(entry)
                self._begin(entry, Phase.ENDING, self._crew.expire)
            elif entry.phase is Phase.RECEIPT and (entry.settle_by or 0.0) <= self._clock.monotonic():
                self._stop_waiting(entry)
            else:
                self._offer(entry)

    def _stop_waiting(self, entry: Entry) -> None:
        """No receipt came. While the session was away none could: then the time begins anew with the
        session.
        """
        if self._crew.ready():
            self._begin(entry, Phase.ENDING, self._crew.give_up)
        else:
            entry.settle_by = None
            entry.wait(Phase.TO_SEND)
            self._offer(entry)

    def _set_timer(self) -> None:
        times = (self._agenda.next(), self._next_return())
        at = min((one for one in times if one is not None), default=None)
        if at is None or (self._timer is not None and not self._timer.cancelled() and self._timer_at <= at):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        wait = max(at - self._clock.now(), 0.0)
        self._timer = asyncio.get_running_loop().call_later(wait, self._timer_fired)

    def _next_return(self) -> float | None:
        """When a chat comes back into memory; what is late waits for room and not for the clock."""
        is_late = self._window.returns(self._clock.now())
        return None if self._reading.runs or is_late else self._window.next_return()

    def _timer_fired(self) -> None:
        self._timer = None
        self.pump()


_INTERRUPTIBLE = WAITING | {Phase.PREPARING, Phase.STAGING, Phase.RECEIPT}
_BACK = {
    Phase.PREPARING: Phase.TO_PREPARE,
    Phase.STAGING: Phase.TO_STAGE,
    Phase.SENDING: Phase.TO_SEND,
    Phase.ENDING: Phase.TO_SEND,
}
_AFTER_DEFECT_SECONDS = 5.0
