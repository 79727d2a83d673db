"""Sending a request's messages one after the other, each exactly once.

Before a message is sent its step is stored as `sending` with the secret that the message will carry and the
engine store it begins with. Whatever happens then, there are three outcomes: it was sent (ack), it was not
(the error says so), or nobody knows. The last is settled by the engine's store (no row for the secret: never
sent) and by receipts (any for its id: sent). Only a message that certainly was not sent is sent again, as
another attempt with another secret.
"""

import asyncio
import contextlib
import math
from collections.abc import Callable
from typing import Final

import msgspec

from waypost.clock import Clock
from waypost.errors import ENGINE_DIED, NOT_CONNECTED, EngineError, OutcomeUnknown, Refused, WaypostError
from waypost.outbox.endings import Endings
from waypost.outbox.entry import Entry, Phase
from waypost.outbox.pacer import Pacer
from waypost.outbox.port import Executor, MaybeSent, NeverSent, Performed, Unknowable, Waiting
from waypost.outbox.request import RequestState, Step
from waypost.outbox.secret import step_secret
from waypost.outbox.setbacks import Setbacks, cleared
from waypost.outbox.settings import OutboxSettings
from waypost.outbox.store import OutboxStore
from waypost.telemetry import Log

# How soon the engine is asked again what became of a send, while it can't tell.
_ASK_AGAIN_SECONDS: Final = 2.0
# What the server has kept comes within this after a connect, on a busy machine too.
_ANYWAY_SECONDS: Final = 10.0
# Where the operator chose to send again what may have been sent: so often at most.
_MOST_SENDS: Final = 3


class Sending:
    """Performs the steps of requests."""

    def __init__(
        self,
        store: OutboxStore,
        executor: Executor,
        setbacks: Setbacks,
        endings: Endings,
        pacer: Pacer,
        resends: Callable[[str], bool],
        clock: Clock,
        settings: OutboxSettings,
        log: Log,
    ) -> None:
        """`resends`: whether an instance's sends of unknown outcome are made once more, rather than ended."""
        self._store = store
        self._executor = executor
        self._setbacks = setbacks
        self._endings = endings
        self._pacer = pacer
        self._resends = resends
        self._clock = clock
        self._settings = settings
        self._log = log
        self._secret_key = b""

    def use_key(self, secret_key: bytes) -> None:
        """The key of all secrets, known once the database was taken over."""
        self._secret_key = secret_key

    async def send(self, entry: Entry) -> None:
        """Send what of `entry` was not sent yet; leaves it waiting or GONE."""
        if not entry.steps:
            names = self._executor.steps(entry.request)
            entry.steps = [Step(number=n, name=name, state="pending") for n, name in enumerate(names)]
        while (step := entry.next_step()) is not None:
            settled = step.state not in ("sending", "unknown")
            if settled and step.number == 0:
                await self._show(entry)
            go_on = await (self._perform(entry, step) if settled else self._settle(entry, step))
            if not go_on:
                return
        await self._endings.sent(entry)

    async def give_up(self, entry: Entry) -> None:
        """No word of a receipt came in the time set. One that another node stored may have been missed."""
        step = entry.next_step()
        if step is not None and step.state == "unknown" and await self._record(entry, step):
            entry.wait(Phase.TO_SEND)
        elif entry.phase is not Phase.GONE:
            await self._end_unknown(entry)

    # --- performing ---------------------------------------------------------------------------------------

    async def _show(self, entry: Entry) -> None:
        """Let the recipient see that a message is being made."""
        showing = self._executor.showing(entry.request)
        if showing is None:
            return
        longest = self._pacer.shows(entry.request)
        if not showing.always:
            showing = msgspec.structs.replace(showing, seconds=min(showing.seconds, longest))
        if showing.seconds > 0:
            # It takes none of the places of sends meanwhile.
            entry.performing_since = -math.inf
            entry.shows = Waiting(showing.state, self._clock.now() + showing.seconds)
            with contextlib.suppress(WaypostError):  # it is a courtesy
                await self._executor.show(entry.request, showing)
            entry.shows = entry.performing_since = None

    async def _perform(self, entry: Entry, step: Step) -> bool:
        """Send one message; True when it was sent."""
        marked = await self._mark(entry, step)
        if marked is None:
            return False
        entry.performing_since = self._clock.monotonic()
        try:
            async with asyncio.timeout(self._settings.perform_deadline):
                performed = await self._executor.perform(entry.request, marked, entry.steps[: marked.number])
        except OutcomeUnknown as error:
            return await self._unknown(entry, marked, error.message_id)
        except WaypostError as error:
            entry.performing_since = None
            refused = error.message_id if isinstance(error, Refused) else None
            pending = msgspec.structs.replace(
                marked, state="pending", error_code=error.code, message_id=refused
            )
            await self._setbacks.take(entry, error, Phase.TO_SEND, pending)
            return False
        except Exception:  # noqa: BLE001 - a defect or our own deadline: the frame may have left
            self._log.exception("send_outcome_unknown", request=entry.uuid, step=marked.name)
            return await self._unknown(entry, marked, None)
        entry.performing_since = None
        return await self._sent(entry, marked, performed)

    async def _mark(self, entry: Entry, step: Step) -> Step | None:
        """Store that `step` is about to be sent, as one more attempt; None when it must not be."""
        request = entry.request
        try:
            mark = self._executor.mark(request)
        except WaypostError as error:
            await self._setbacks.take(entry, error, Phase.TO_SEND)
            return None
        attempt = step.attempt + 1
        marked = Step(
            number=step.number,
            name=step.name,
            state="sending",
            attempt=attempt,
            secret=step_secret(self._secret_key, request.uuid, step.number, attempt),
            device_jid=mark.device_jid,
            generation=mark.generation,
        )
        entry.put(marked)
        request = msgspec.structs.replace(cleared(request), state=RequestState.SENDING)
        if not await self._endings.stored(lambda: self._store.sending(request, entry.steps)):
            entry.phase = Phase.GONE
            return None
        entry.request = msgspec.structs.replace(request, chat_key=entry.request.chat_key)
        return marked

    async def _sent(self, entry: Entry, step: Step, performed: Performed) -> bool:
        sent = msgspec.structs.replace(
            step,
            state="sent",
            message_id=performed.message_id,
            chat=performed.chat,
            timestamp=performed.timestamp,
            data=performed.data,
            recipients=performed.recipients,
            error_code=None,
            message=performed.message,
        )
        entry.put(sent)
        entry.holds = 0
        entry.settle_by = None
        if entry.next_step() is None:
            return True  # the ending stores the step in its own commit
        told = await self._endings.stored(lambda: self._store.step_changed(entry.request, sent))
        entry.put(msgspec.structs.replace(sent, message=None))
        if not told.stored:
            entry.phase = Phase.GONE
        return told.stored

    # --- settling -----------------------------------------------------------------------------------------

    async def _unknown(self, entry: Entry, step: Step, message_id: str | None) -> bool:
        """The send ended without an answer: keep that, then find out."""
        entry.performing_since = None
        unknown = self._open(step, message_id or step.message_id)
        return await self._record(entry, unknown) or (
            entry.phase is not Phase.GONE and await self._settle(entry, unknown)
        )

    async def _settle(self, entry: Entry, step: Step) -> bool:
        """What became of `step`; True when it was sent, or certainly not and may be performed at once."""
        try:
            settlement = await self._executor.settle(entry.request, step)
        except WaypostError as error:
            return await self._ask_again(entry, step, error)
        if isinstance(settlement, NeverSent):
            return await self._never_sent(entry, step)
        if isinstance(settlement, MaybeSent):
            unknown = self._open(step, settlement.message_id)
            return await self._record(entry, unknown) or self._await_receipt(entry, unknown)
        if isinstance(settlement, Unknowable):
            await self._endings.unknown(entry, settlement.reason)
        return False

    async def _record(self, entry: Entry, step: Step) -> bool:
        """Keep a step of unknown outcome; True when a receipt proves that it was sent."""
        entry.put(step)
        told = await self._endings.stored(lambda: self._store.step_changed(entry.request, step))
        if not told.stored:
            entry.phase = Phase.GONE
            return False
        if not told.proven or step.message_id is None:
            return False
        performed = self._executor.recovered(entry.request, step, step.message_id)
        return await self._sent(entry, step, performed)

    async def _never_sent(self, entry: Entry, step: Step) -> bool:
        pending = msgspec.structs.replace(step, state="pending", message_id=None)
        entry.settle_by = None
        if entry.recovered:
            # Cut off by the end of the gateway: nothing is wrong with the session, go on at once.
            entry.recovered = False
            entry.put(pending)
            return True
        await self._setbacks.take(entry, EngineError(ENGINE_DIED), Phase.TO_SEND, pending)
        return False

    async def _ask_again(self, entry: Entry, step: Step, error: WaypostError) -> bool:
        """The engine can't tell yet; receipts may meanwhile. The time that is set runs while it is
        connected.
        """
        if step.message_id is not None and await self._record(entry, step):
            return True
        if entry.phase is Phase.GONE:
            return False
        now = self._clock.now()
        if error.code == NOT_CONNECTED.code:
            entry.settle_by = None
            entry.connection_hold = True
        elif entry.settle_by is None:
            entry.settle_by = self._clock.monotonic() + self._settings.settle
        elif entry.settle_by <= self._clock.monotonic():
            await self._end_unknown(entry, f"The engine could not tell ({error.code}).")
            return False
        entry.wait(Phase.TO_SEND, now + _ASK_AGAIN_SECONDS)
        return False

    async def _end_unknown(self, entry: Entry, reason: str | None = None) -> None:
        """Nothing has settled the send in time: it fails, or is made again where the operator chose so."""
        step = entry.next_step()
        if step is None or step.attempt >= _MOST_SENDS or not self._resends(entry.request.instance_id):
            await self._endings.unknown(entry, reason)
            return
        self._log.warning("unknown_sent_again", request=entry.uuid, step=step.name, attempt=step.attempt)
        pending = msgspec.structs.replace(step, state="pending", message_id=None)
        entry.settle_by = None
        entry.put(pending)
        told = await self._endings.stored(lambda: self._store.step_changed(entry.request, pending))
        if told.stored:
            entry.wait(Phase.TO_SEND)
        else:
            entry.phase = Phase.GONE

    def _open(self, step: Step, message_id: str | None) -> Step:
        """`step` as one of unknown outcome, with the time since when it is."""
        since = step.timestamp if step.state == "unknown" else None
        return msgspec.structs.replace(
            step, state="unknown", message_id=message_id, timestamp=since or int(self._clock.now())
        )

    def _await_receipt(self, entry: Entry, step: Step) -> bool:
        if entry.phase is not Phase.GONE:
            if entry.settle_by is None:
                entry.settle_by = self._clock.monotonic() + self._time_for_receipts(entry, step)
            entry.wait(Phase.RECEIPT)
        return False

    def _time_for_receipts(self, entry: Entry, step: Step) -> float:
        """The time that is set; what an earlier process has waited counts, lest each takeover holds the chat
        up anew.
        """
        settle = self._settings.settle
        if not entry.recovered or step.timestamp is None:
            return settle
        waited = max(self._clock.now() - step.timestamp, 0.0)
        return max(settle - waited, min(settle, _ANYWAY_SECONDS))
