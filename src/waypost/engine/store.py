"""What a session keeps for good: its keys and ratchets, wherever they are.

The library opens a store by its name. We ask the same store what became of a send. Events do not go here:
they lie in a folder of the machine that the session ran on (`store_folder.py`).
"""

from dataclasses import dataclass
from typing import Final, Protocol

from waypost.engine.port import Mark, Settlement

# What a store says, among other words, that refuses a write under a lease which is over.
FENCED: Final = "waypost: the lease is over"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a store belongs to; `lid` is the account's."""

    mark: Mark
    lid: str | None
    push_name: str


class Probe(Protocol):
    """The gateway's view of one store. Every method raises EngineError(STORE_NOT_WRITABLE)."""

    async def identity(self) -> Identity | None:
        """Device JID, LID, push name and generation (made when it is the first time); None without a device.

        From the first answer on, the store refuses whom it has to refuse.
        """
        ...

    async def write(self, secret: bytes) -> None:
        """Prove that the store takes a row now."""
        ...

    async def settle(self, secret: bytes, mark: Mark) -> Settlement:
        """What became of a send that began on the store of `mark` and is surely not under way any more."""
        ...

    async def close(self) -> None:
        """Let go of the store; the next call takes it up again."""
        ...


class Pairing(Protocol):
    """A fresh store that a device is made in."""

    @property
    def name(self) -> str:
        """By which the library opens it; may hold a password."""
        ...

    async def identity(self) -> Identity | None:
        """Whom it was paired with; None when nobody has scanned. Raises EngineError(STORE_NOT_WRITABLE)."""
        ...


class SessionStore(Protocol):
    """The store of one instance, for as long as this gateway holds it. Every method that waits raises
    EngineError."""

    @property
    def name(self) -> str:
        """By which the library opens it; may hold a password."""
        ...

    @property
    def held(self) -> bool:
        """Whether this gateway still holds the instance, as far as it knows."""
        ...

    async def exists(self) -> bool:
        """Whether there is a paired store."""
        ...

    def probe(self) -> Probe:
        """A view of the paired store."""
        ...

    async def new_pairing(self, token: str) -> Pairing:
        """A fresh store to pair in; those of earlier attempts are removed. `token` has not been used
        before."""
        ...

    async def discard_pairings(self) -> None:
        """Remove what unfinished pairings left."""
        ...

    async def adopt(self, pairing: Pairing) -> None:
        """Make a paired store the instance's own, in place of an earlier one; nobody has it open."""
        ...

    async def discard(self) -> None:
        """Delete the store."""
        ...


class SessionStores(Protocol):
    """Where the stores of all instances are."""

    def of(self, instance_id: str) -> SessionStore:
        """The store of an instance, under the hold that this gateway has on it now. Raises
        EngineError(NOT_CONNECTED) when it has none."""
        ...
