"""Which engine process a session goes to."""

from collections.abc import Iterable
from typing import Final, Protocol, TypeVar

_MOST_OCCUPIED: Final = 3


class Home(Protocol):
    """An engine process, as far as placing goes."""

    sessions: set[str]

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        ...

    @property
    def worn(self) -> bool:
        """Whether it has started so many sessions that it should get no more."""
        ...

    @property
    def occupied(self) -> bool:
        """Whether a session would wait there for others, which take long to connect."""
        ...


H = TypeVar("H", bound=Home)


def choose(homes: Iterable[H], capacity: int) -> H | None:
    """The fullest process that has room, so that few run; None when a new one is needed.

    One that is occupied gets nobody new, until there are so many of them that the network must be down for
    all.
    """
    living = [home for home in homes if home.alive]
    occupied = [home for home in living if home.occupied]
    fit = [home for home in living if not home.worn and len(home.sessions) < capacity]
    free = [home for home in fit if not home.occupied]
    if free or len(occupied) < _MOST_OCCUPIED:
        fit = free
    return max(fit, key=lambda home: len(home.sessions), default=None)
