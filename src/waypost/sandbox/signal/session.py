from typing import Final

import msgspec

from waypost.sandbox.wire.curve import KeyPair

from .errors import Reason, SignalError

MAX_ARCHIVED: Final = 5  # earlier states of a session that may still open late messages
MAX_CHAINS: Final = 5  # receiving chains of a state, as libsignal keeps them
MAX_SKIPPED: Final = 1000  # messages of one chain that may be late at once


class Pair(msgspec.Struct, frozen=True, array_like=True):
    """A key pair as it is stored."""

    private: bytes
    public: bytes

    @classmethod
    def of(cls, pair: KeyPair) -> "Pair":
        """The stored form of `pair`."""
        return cls(pair.private, pair.public)

    @property
    def keys(self) -> KeyPair:
        """The pair to compute with."""
        return KeyPair(self.private, self.public)

    def __repr__(self) -> str:
        return "Pair(…)"


class Sending(msgspec.Struct, frozen=True, array_like=True):
    """The chain that encrypts: own ratchet pair, chain key, number of the next message."""

    ratchet: Pair
    chain: bytes
    counter: int

    def __repr__(self) -> str:
        return f"Sending(counter={self.counter})"


class Receiving(msgspec.Struct, frozen=True, array_like=True):
    """A chain that decrypts: the peer's ratchet key, chain key, next number, seeds of skipped messages."""

    ratchet: bytes
    chain: bytes
    counter: int
    skipped: dict[int, bytes] = {}

    def __repr__(self) -> str:
        return f"Receiving(counter={self.counter}, skipped={len(self.skipped)})"


class Pending(msgspec.Struct, frozen=True, array_like=True):
    """What each message repeats until the peer answers: those of its pre-keys that started the session."""

    signed_prekey_id: int
    prekey_id: int | None


class State(msgspec.Struct, frozen=True, array_like=True):
    """One agreement with a peer. `base_key` is the starter's ephemeral key and names the agreement."""

    registration_id: int
    local_identity: bytes
    remote_identity: bytes
    remote_registration_id: int
    base_key: bytes
    root: bytes
    previous_counter: int
    sending: Sending
    receiving: tuple[Receiving, ...]
    pending: Pending | None

    def __repr__(self) -> str:
        return f"State(pending={self.pending is not None}, {self.sending!r}, {self.receiving!r})"


class Session(msgspec.Struct, frozen=True, array_like=True):
    """What a device keeps about one peer device: the agreement in use, and earlier ones, newest first."""

    current: State
    archived: tuple[State, ...] = ()

    def to_bytes(self) -> bytes:
        """The record to store; it holds private keys."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def from_bytes(cls, record: bytes) -> "Session":
        """Read a stored record; SignalError when it is none."""
        try:
            return msgspec.msgpack.decode(record, type=cls)
        except msgspec.MsgspecError as error:
            raise SignalError(Reason.MALFORMED, "A stored session can't be read.") from error

    def states(self) -> tuple[State, ...]:
        """The agreement in use, then the earlier ones."""
        return (self.current, *self.archived)


def renewed(session: Session | None, state: State) -> Session:
    """A session that uses `state` and archives what was before it; the same agreement is kept once."""
    if session is None:
        return Session(state)
    earlier = tuple(old for old in session.states() if old.base_key != state.base_key)
    return Session(state, earlier[:MAX_ARCHIVED])
