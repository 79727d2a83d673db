"""May this message go now, and if not, why and until when: decided from counters and the clock alone.

What a network dislikes is an account that writes to many strangers. So each rule holds back requests to
chats that are not open yet (nobody has written there before), and those to open chats only where the operator
asks for it. Every message counts, held back or not.
"""

import math
import random
from bisect import bisect_right, insort
from typing import Final, Literal

import msgspec

DAY: Final = 86_400.0
MINUTE: Final = 60.0

HoldCode = Literal[
    "pacing", "minute_cap", "daily_cap", "first_contact", "warm_up", "breaker", "restriction", "older_request"
]


class PacingRules(msgspec.Struct, frozen=True, kw_only=True):
    """What an instance keeps to. Times in seconds; a count of 0 switches its rule off."""

    # Whether messages to open chats are held back as well.
    open_chats: bool
    gap_seconds: float
    # The share by which each gap is made shorter or longer.
    jitter: float
    per_minute: int
    per_day: int
    # Chats opened by us in any 24 hours.
    first_contacts: int
    # From `born_at` on, a growing share of the daily limits may be used.
    warm_up_days: int
    # Longest time for which "recording…" or "typing…" is shown.
    show_seconds: float
    # After so many refusals in a row nothing goes for `breaker_seconds`; then one more refusal is enough,
    # until a message is taken.
    breaker_failures: int
    breaker_seconds: float
    born_at: float = 0.0


class Held(msgspec.Struct, frozen=True):
    """It may not go yet: the code for `waiting_for`, and when to ask again, in seconds since the epoch."""

    code: HoldCode
    until: float


class Tally:
    """What an instance has sent lately. Times are seconds since the epoch.

    A grant counts like a message until it is used or returned.
    """

    def __init__(self, sends: list[float], firsts: list[float]) -> None:
        """`sends` and `firsts` (the first to their chats) of the last day, oldest first."""
        self.sends = sends
        self.firsts = firsts
        self.free_at = 0.0
        self.refusals = 0
        self.broken_until = 0.0
        self._granted: dict[str, tuple[float, str | None]] = {}

    def has(self, uuid: str) -> bool:
        """Whether that request has a grant."""
        return uuid in self._granted

    def opens(self, chat_key: str) -> bool:
        """Whether a request that has a grant is the first to this chat."""
        return any(chat == chat_key for _, chat in self._granted.values())

    def grant(self, uuid: str, rules: PacingRules, now: float, opens: str | None, rng: random.Random) -> None:
        """A request may go; `opens` is the chat that it is the first to."""
        self._granted[uuid] = (now, opens)
        insort(self.sends, now)
        if opens is not None:
            insort(self.firsts, now)
        self.free_at = now + rules.gap_seconds * (1 + rules.jitter * (2 * rng.random() - 1))

    def sent(self, uuid: str, now: float) -> None:
        """A message has left, with a grant or without."""
        self.refusals = 0
        self.broken_until = 0.0
        if self._granted.pop(uuid, None) is None:
            insort(self.sends, now)

    def returned(self, uuid: str) -> None:
        """The request will not use its grant."""
        at, opens = self._granted.pop(uuid, (None, None))
        if at is None:
            return
        self.sends.remove(at)
        if opens is not None:
            self.firsts.remove(at)

    def refused(self, rules: PacingRules, now: float) -> bool:
        """The server would not have a message; True when that was one too many."""
        self.refusals += 1
        if not rules.breaker_failures or self.refusals < rules.breaker_failures or now < self.broken_until:
            return False
        self.broken_until = now + rules.breaker_seconds
        return True

    def forget(self, now: float) -> None:
        """Drop what no rule asks about any more; grants are left alone."""
        oldest = min((at for at, _ in self._granted.values()), default=now)
        for times in (self.sends, self.firsts):
            del times[: bisect_right(times, min(now - DAY, oldest - 1.0))]


def decide(rules: PacingRules, tally: Tally, now: float, *, first: bool) -> Held | None:
    """Whether a message may go now; `first`: nobody has written in its chat before. The rule that holds
    longest is told.
    """
    holds = [
        Held("breaker", tally.broken_until),
        Held("pacing", tally.free_at),
        Held("minute_cap", _free_at(tally.sends, rules.per_minute, now, MINUTE)),
        _daily("daily_cap", tally.sends, rules.per_day, rules, now),
    ]
    if first:
        holds.append(_daily("first_contact", tally.firsts, rules.first_contacts, rules, now))
    longest = max(holds, key=lambda one: one.until)
    return longest if longest.until > now else None


def share(rules: PacingRules, now: float) -> float:
    """The share of the daily limits that an instance may use on this day of its life, up to 1."""
    if not rules.warm_up_days:
        return 1.0
    return min((_day(rules, now) + 1) / rules.warm_up_days, 1.0)


def _daily(code: HoldCode, times: list[float], limit: int, rules: PacingRules, now: float) -> Held:
    whole = _free_at(times, limit, now, DAY)
    part = share(rules, now)
    if not limit or part == 1.0 or whole > now:
        return Held(code, whole)
    early = _free_at(times, math.ceil(limit * part), now, DAY)
    tomorrow = rules.born_at + (_day(rules, now) + 1) * DAY
    return Held("warm_up", min(early, tomorrow))


def _day(rules: PacingRules, now: float) -> int:
    return max(int((now - rules.born_at) // DAY), 0)


def _free_at(times: list[float], limit: int, now: float, window: float) -> float:
    """When fewer than `limit` of `times` lie within `window`; 0.0 when that is so already."""
    if not limit:
        return 0.0
    begin = bisect_right(times, now - window)
    count = len(times) - begin
    return 0.0 if count < limit else times[len(times) - limit] + window
