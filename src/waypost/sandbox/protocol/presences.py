"""Who is online, and what contacts see of an account.

Nothing of it is stored: presence is what is so while the network runs.
"""

from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Final

_SEEN: Final = 200
"""Things kept that a contact has seen."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a contact saw of an account at a time: available, unavailable, composing, recording or paused."""

    at: float
    number: str
    state: str


@dataclass(slots=True)
class Presences:
    """Who is online: devices of accounts, and contacts as device 0."""

    available: set[tuple[str, int]] = field(default_factory=set)
    last: dict[str, float] = field(default_factory=dict)
    seen: dict[str, deque[Seen]] = field(default_factory=lambda: defaultdict(lambda: deque(maxlen=_SEEN)))

    def online(self, number: str) -> bool:
        """Whether any device of the account is."""
        return any(one == number for one, _ in self.available)

    def show(self, number: str, device: int, available: bool, now: float) -> bool:
        """Note how a device shows itself; whether the account's presence is another now."""
        before = self.online(number)
        if available:
            self.available.add((number, device))
        else:
            self.available.discard((number, device))
        after = self.online(number)
        if before and not after:
            self.last[number] = now
        return before != after

    def saw(self, contact: str, number: str, state: str, now: float) -> None:
        """A contact is shown something of an account."""
        self.seen[contact].append(Seen(now, number, state))
