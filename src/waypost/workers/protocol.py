"""What the gateway and a worker say to each other: MessagePack, each message behind its length."""

from pathlib import Path
from typing import Any, Final

import msgspec

from waypost.media.film import Film
from waypost.media.limits import MediaLimits
from waypost.media.page import Page
from waypost.media.picture import Picture, Use
from waypost.voice.limits import Limits
from waypost.voice.note import Note

LENGTH_BYTES: Final = 4
LONGEST: Final = 64 * 1024
"""Bytes of a message; a worker is not trusted, so its messages are bounded too."""


class Setup(msgspec.Struct, frozen=True, tag="setup"):
    """To a worker, first and once."""

    limits: Limits
    media: MediaLimits = MediaLimits()


class Job(msgspec.Struct, frozen=True, tag="job"):
    """To a worker that is ready: make a voice note. Both paths are absolute and chosen by the gateway."""

    source: Path
    target: Path
    measure: bool = False
    """Whether to say how loud the note is: it is decoded once more for that."""


class PictureJob(msgspec.Struct, frozen=True, tag="picture"):
    """To a worker that is ready: make a picture that can be sent."""

    source: Path
    target: Path
    use: Use


class FilmJob(msgspec.Struct, frozen=True, tag="film"):
    """To a worker that is ready: make a video that can be sent."""

    source: Path
    target: Path


class PageJob(msgspec.Struct, frozen=True, tag="page"):
    """To a worker that is ready: read the head of a web page."""

    source: Path


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """From a worker that is warm and waits for a job."""

    networkless: bool
    """Whether the kernel took its network away."""


class Progress(msgspec.Struct, frozen=True, tag="progress"):
    """From a worker: at once when a job begins, then about every second."""

    seconds: float
    """Of audio, decoded so far."""


class Done(msgspec.Struct, frozen=True, tag="done"):
    """From a worker: the note is at its target."""

    note: Note
    lufs: float | None = None
    """How loud it is (EBU R128, integrated; -70 for silence), where that was asked."""


class Pictured(msgspec.Struct, frozen=True, tag="pictured"):
    """From a worker: the picture is at its target."""

    picture: Picture


class Filmed(msgspec.Struct, frozen=True, tag="filmed"):
    """From a worker: the video is at its target."""

    film: Film


class Paged(msgspec.Struct, frozen=True, tag="paged"):
    """From a worker: what the page says of itself."""

    page: Page


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """From a worker: a row of the table of errors, by its code."""

    code: str
    detail: str | None
    facts: dict[str, Any]
    last: bool
    """Whether the worker ends itself after this, since the job has used up its memory or its time."""


AnyJob = Job | PictureJob | FilmJob | PageJob
Order = Setup | Job | PictureJob | FilmJob | PageJob
Made = Done | Pictured | Filmed | Paged
Answer = Ready | Progress | Done | Pictured | Filmed | Paged | Failed


def _plain(value: object) -> str:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(type(value))


def _rich(kind: type, value: object) -> object:
    if issubclass(kind, Path) and isinstance(value, str):
        return Path(value)
    raise ValueError("not a path")  # becomes a ValidationError


def pack(message: Order | Answer) -> bytes:
    """The message with its length before it."""
    body = msgspec.msgpack.encode(message, enc_hook=_plain)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def length_of(prefix: bytes) -> int:
    """The length in bytes that `prefix` announces; ValueError when nothing sound is that long."""
    length = int.from_bytes(prefix, "big")
    if not 0 < length <= LONGEST:
        raise ValueError(f"a message of {length} bytes")
    return length


def unpack_order(body: bytes) -> Order:
    """A message to a worker; msgspec.MsgspecError or UnicodeDecodeError when it is none."""
    order: Order = msgspec.msgpack.decode(body, type=Order, dec_hook=_rich)
    return order


def unpack_answer(body: bytes) -> Answer:
    """A message from a worker; msgspec.MsgspecError or UnicodeDecodeError when it is none."""
    answer: Answer = msgspec.msgpack.decode(body, type=Answer, dec_hook=_rich)
    return answer
