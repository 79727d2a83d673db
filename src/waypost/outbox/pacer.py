"""Asks for every request that opens or continues a chat whether it may go now, and keeps the counts.

Two things hold a request back: the rules that its instance keeps to (pacing.py), and the server's word that
the account may not open new chats for now. The second is kept to by every instance, whatever its rules.
"""

import math
import random
from collections.abc import Callable
from typing import Final

import msgspec

from waypost.clock import Clock
from waypost.durable.retry import Schedule, delay
from waypost.errors import MEDIA_UPLOAD_FAILED, RATE_LIMITED, RESTRICTED, SERVER_REFUSED, WaypostError
from waypost.outbox.open_chats import OpenChats
from waypost.outbox.pacing import DAY, Held, PacingRules, Tally, decide
from waypost.outbox.request import Request
from waypost.telemetry import Log

RulesOf = Callable[[str], PacingRules | None]

# What the server says to an account rather than to a message.
_REFUSALS: Final = frozenset({SERVER_REFUSED.code, RATE_LIMITED.code, MEDIA_UPLOAD_FAILED.code})
# How long one request may try whether a restriction is over before another does.
_TRIAL_SECONDS: Final = 60.0
# More than any rule counts; what is beyond is not read back after a restart.
_COUNTED: Final = 100_000
# Held back beyond this many, requests are not even prepared: their files would fill the disk.
_CROWD: Final = 64
# How long a restriction is believed to last where the server names no end: then one request finds out.
RESTRICTED_FOR: Final = Schedule(delays=(600.0, 1800.0, 3600.0, 7200.0, 21_600.0))


class _Restriction(msgspec.Struct):
    """The server opens no new chats for this account: `times` it has said so, not to be asked before
    `until`."""

    until: float
    times: int = 1
    trial: str | None = None


class _Instance:
    """What is known of an instance; `tally` once somebody asked for it."""

    def __init__(self) -> None:
        self.tally: Tally | None = None
        self.restriction: _Restriction | None = None
        # Whether the server has told this process of a restriction or of its end.
        self.heard = False
        self.held: set[str] = set()
        self.last_turn = 0.0


class Pacer:
    """Holds back what should not go yet."""

    def __init__(
        self,
        chats: OpenChats,
        rules_of: RulesOf,
        let_go: Callable[[str], None],
        clock: Clock,
        rng: random.Random,
        log: Log,
        restricted: Schedule = RESTRICTED_FOR,
    ) -> None:
        """`rules_of` an instance are None where nothing is paced; `let_go` is told the instance of which
        everything that is held may ask again; `restricted` is for restrictions to which
        the server names no end.
        """
        self._chats = chats
        self._rules_of = rules_of
        self._let_go = let_go
        self._clock = clock
        self._rng = rng
        self._log = log
        self._restricted = restricted
        self._instances: dict[str, _Instance] = {}

    @property
    def breakers(self) -> int:
        """Instances whose breaker is open now."""
        now = self._clock.now()
        tallies = (known.tally for known in self._instances.values())
        return sum(tally is not None and tally.broken_until > now for tally in tallies)

    @property
    def restricted(self) -> int:
        """Instances that may open no new chats, as far as is known here."""
        return sum(known.restriction is not None for known in self._instances.values())

    def crowded(self, instance_id: str) -> bool:
        """Whether so many are held back already that no more should be prepared ahead."""
        known = self._instances.get(instance_id)
        return known is not None and len(known.held) > _CROWD

    async def ask(self, request: Request) -> Held | None:
        """Whether the request may go now; then it is counted. Raises StorageError."""
        known = self._instances.setdefault(request.instance_id, _Instance())
        rules = self._rules_of(request.instance_id)
        if rules is None and known.restriction is None:
            return None
        is_open = await self._chats.is_open(request.instance_id, request.chat_key)
        held = self._restricts(known, request) if not is_open else None
        if held is None and rules is not None and (rules.open_chats or not is_open):
            held = await self._decide(known, rules, request, first=not is_open)
        if held is None:
            known.held.discard(request.uuid)
        else:
            known.held.add(request.uuid)
        return held

    def is_paced(self, request: Request) -> bool:
        """Whether the request has gone through an instance's rules."""
        known = self._instances.get(request.instance_id)
        return known is not None and known.tally is not None and known.tally.has(request.uuid)

    def shows(self, request: Request) -> float:
        """For how long at most it is shown that the request's message is being made, in seconds."""
        rules = self._rules_of(request.instance_id)
        return rules.show_seconds if rules is not None and self.is_paced(request) else 0.0

    def refused(self, request: Request, error: WaypostError) -> Held | None:
        """The server would not take a message; how long the request should wait for its account's sake."""
        known = self._instances.setdefault(request.instance_id, _Instance())
        now = self._clock.now()
        if error.code == RESTRICTED.code:
            return Held("restriction", self._restrict(known, request, error, now))
        rules = self._rules_of(request.instance_id)
        if error.code not in _REFUSALS or rules is None or known.tally is None:
            return None
        if known.tally.refused(rules, now):
            self._log.warning(
                "breaker_opened",
                instance=request.instance_id,
                refusals=known.tally.refusals,
                seconds=rules.breaker_seconds,
            )
        if known.tally.has(request.uuid) and known.tally.broken_until > now:
            return Held("breaker", known.tally.broken_until)
        return None

    def restricted_until(self, request: Request) -> float:
        """Until when a request that was stored as restricted has to wait for that, as far as is known here
        (seconds since the epoch): 0 once it is over or the chat is open, infinite where nothing is known.
        """
        if not self.opens(request):
            return 0.0
        known = self._instances.get(request.instance_id)
        if known is None or not known.heard:
            return math.inf
        return 0.0 if known.restriction is None else known.restriction.until

    def opens(self, request: Request) -> bool:
        """Whether the database may not know yet that the request's chat is open."""
        return not self._chats.known(request.instance_id, request.chat_key)

    def sent(self, request: Request) -> None:
        """A message was sent and its chat stored as open."""
        known = self._instances.setdefault(request.instance_id, _Instance())
        news = self.opens(request)
        self._chats.remember(request.instance_id, request.chat_key)
        known.held.discard(request.uuid)
        if known.tally is not None:
            known.tally.sent(request.uuid, self._clock.now())
        if known.restriction is not None and news:
            known.restriction = None
            known.heard = True
            known.last_turn = 0.0
            self._log.info("restriction_over", instance=request.instance_id)
            self._let_go(request.instance_id)

    def left(self, request: Request) -> None:
        """The request is gone without having been sent."""
        known = self._instances.get(request.instance_id)
        if known is None:
            return
        known.held.discard(request.uuid)
        if known.tally is not None:
            known.tally.returned(request.uuid)
        if known.restriction is not None and known.restriction.trial == request.uuid:
            known.restriction.trial = None
            known.restriction.until = self._clock.now()

    def rules_changed(self, instance_id: str) -> None:
        """The operator has other rules for it: what the former ones have ordered is over."""
        known = self._instances.get(instance_id)
        if known is not None:
            known.last_turn = 0.0
            if known.tally is not None:
                known.tally.free_at = known.tally.broken_until = 0.0
        self._let_go(instance_id)

    def forget(self, instance_id: str) -> None:
        """The instance is somebody else's, or gone: what is known of it is read anew."""
        self._instances.pop(instance_id, None)

    # --- inside -------------------------------------------------------------------------------------------

    async def _decide(
        self, known: _Instance, rules: PacingRules, request: Request, *, first: bool
    ) -> Held | None:
        tally = known.tally or await self._counted(known, request.instance_id)
        now = self._clock.now()
        if tally.has(request.uuid):
            # What was allowed to go and did not: its place is its own, unless nothing goes.
            return Held("breaker", tally.broken_until) if tally.broken_until > now else None
        tally.forget(now)
        opens = first and not tally.opens(request.chat_key)
        held = decide(rules, tally, now, first=opens)
        if held is None:
            tally.grant(request.uuid, rules, now, request.chat_key if opens else None, self._rng)
            return None
        # One after the other once the time has come, and not all of them at that moment.
        known.last_turn = max(held.until, known.last_turn + rules.gap_seconds)
        return Held(held.code, known.last_turn)

    async def _counted(self, known: _Instance, instance_id: str) -> Tally:
        lately = await self._chats.lately(instance_id, self._clock.now() - DAY, _COUNTED)
        if known.tally is None:  # somebody else may have read it meanwhile
            known.tally = Tally(lately.sends, lately.firsts)
        return known.tally

    def _restricts(self, known: _Instance, request: Request) -> Held | None:
        restriction, now = known.restriction, self._clock.now()
        if restriction is None or restriction.trial == request.uuid:
            return None
        if restriction.until > now:
            return Held("restriction", restriction.until)
        # One request finds out whether it is over.
        restriction.trial, restriction.until = request.uuid, now + _TRIAL_SECONDS
        return None

    def _restrict(self, known: _Instance, request: Request, error: WaypostError, now: float) -> float:
        restriction = known.restriction
        if restriction is not None and restriction.trial is None and restriction.until > now:
            return restriction.until  # it was on its way when another was told
        times = 1 if restriction is None else restriction.times + 1
        until = _number(error.facts.get("until")) or now + delay(self._restricted, times, self._rng)
        known.restriction = _Restriction(until, times)
        known.heard = True
        self._log.warning("restricted", instance=request.instance_id, seconds=round(until - now), times=times)
        return until


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
