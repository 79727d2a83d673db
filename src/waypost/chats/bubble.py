"""A message as people see it in a chat, with what others have done to it since."""

from typing import Literal

import msgspec

from waypost.chats.reading import Place

Ack = Literal["ERROR", "SENT", "DELIVERED", "READ", "PLAYED"]


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """The file of a message as its sender describes it: `size` in bytes, `waveform` 64 values of 0 to 100 or
    empty."""

    mimetype: str
    filename: str | None
    size: int | None
    seconds: int | None
    waveform: bytes


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a message answers: the id of that, who wrote it, and its text as far as the answer carries it."""

    id: str
    author: str
    body: str


class Reaction(msgspec.Struct, frozen=True, kw_only=True):
    """An emoji on a message, and who has put it there."""

    emoji: str
    names: list[str]


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """An option of a poll, and who has chosen it."""

    name: str
    names: list[str]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A poll with the votes that are known; `sealed` is how many could not be opened."""

    question: str
    several: bool
    choices: list[Choice]
    sealed: int


class Bubble(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a chat.

    `whole_id` is its name in the API; `author` is what its writer is called; `at` is in seconds since the
    epoch; `kind` as in `Reading`. `ack` is how far a message of the account's own has come, None for others.
    """

    id: str
    whole_id: str
    from_me: bool
    author: str
    at: int
    kind: str
    body: str
    ack: Ack | None
    attached: Attached | None
    reply: Reply | None
    reactions: list[Reaction]
    poll: Asked | None
    place: Place | None
    vcards: list[str]
    edited: bool
    revoked: bool


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a chat, oldest first, and the place before which the next older part ends."""

    bubbles: list[Bubble]
    older: tuple[int, str] | None
