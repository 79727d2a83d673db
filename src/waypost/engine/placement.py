"""Which engine process a session goes to."""

from collections.abc import Iterable
from typing import Protocol, TypeVar


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


H = TypeVar("H", bound=Home)


def choose(homes: Iterable[H], capacity: int) -> H | None:
    """The fullest process that has room, so that few run; None when a new one is needed."""
    fit = [home for home in homes if home.alive and not home.worn and len(home.sessions) < capacity]
    return max(fit, key=lambda home: len(home.sessions), default=None)
