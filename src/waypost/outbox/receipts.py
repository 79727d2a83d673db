"""What receipts say of a message: a status that only rises, worked out anew from what each participant told.

Receipts are kept by message id before it is known whose message that is: they may come before the send's
result, and while nobody looks.
"""

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from waypost.outbox.request import MessageStatus

UNDECRYPTED: Final = -1
ASKED_AGAIN: Final = 0
SENT: Final = 1
DELIVERED: Final = 2

_RANKS: Final = {
    "sender": SENT,
    "retry": ASKED_AGAIN,
    "delivered": DELIVERED,
    "inactive": DELIVERED,
    "read": 3,
    "played": 4,
}

_STATUSES: Final[tuple[MessageStatus, ...]] = ("SENT", "SENT", "DELIVERED", "READ", "PLAYED")


class ReceiptNote(Protocol):
    """A receipt as the engine tells it. A replay of it changes nothing."""

    @property
    def instance_id(self) -> str:
        """Whose messages it is about."""
        ...

    @property
    def key(self) -> str:
        """The same for every replay of this receipt."""
        ...

    @property
    def kind(self) -> str:
        """delivered, inactive, read, played, sender (the own phone's copy), retry; others are not kept."""
        ...

    @property
    def chat(self) -> str:
        """JID of the chat."""
        ...

    @property
    def participant(self) -> str:
        """JID of who tells it."""
        ...

    @property
    def message_ids(self) -> Sequence[str]:
        """The messages."""
        ...

    @property
    def timestamp(self) -> int:
        """When it was told, seconds since the epoch."""
        ...


class Heard(msgspec.Struct, frozen=True):
    """What one participant has told of one message, as it is stored."""

    instance_id: str
    message_id: str
    participant: str
    rank: int
    at: float
    retry_at: float | None


def heard(note: ReceiptNote, now: float) -> list[Heard]:
    """The rows of a receipt; none for a kind that says nothing of messages of ours."""
    rank = _RANKS.get(note.kind)
    if rank is None:
        return []
    # The own phone is no recipient: its copy proves that the message left and says nothing of its arrival.
    participant = "" if note.kind == "sender" else note.participant
    retry_at = now if note.kind == "retry" else None
    return [Heard(note.instance_id, one, participant, rank, now, retry_at) for one in note.message_ids]


def status(chat: str, told: Sequence[tuple[str, int]], recipients: int | None = None) -> MessageStatus:
    """The status of a sent message from (participant, rank) of everyone who told something.

    A group's is its least advanced participant's: of its `recipients`, or, where it is not known how many
    they are, of those who were heard. A direct chat's is the most
    advanced: the same person may tell it by number and by LID.
    """
    ranks = [rank for participant, rank in told if participant]
    if not ranks:
        return "SENT"
    if max(ranks) < DELIVERED:
        return "ERROR" if UNDECRYPTED in ranks else "SENT"
    if not chat.endswith("@g.us"):
        return _STATUSES[max(ranks)]
    silent = recipients is not None and len(ranks) < recipients
    return _STATUSES[SENT if silent else max(min(ranks), ASKED_AGAIN)]
