"""What the dashboard needs of a sandbox to play the other side: a phone that scans, contacts that write."""

from typing import Literal, Protocol

import msgspec

Told = Literal["read", "played"]


class Somebody(msgspec.Struct, frozen=True, kw_only=True):
    """A contact: `phone` with a leading +, `by_itself` what it tells of messages unasked."""

    phone: str
    name: str
    by_itself: list[Told]


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A message on a contact's phone. `mine`: the contact has written it itself, and `status` says how far it
    has come. `seq` names one that came, 0 for others; `at` is in seconds since the epoch.

    `kind` is text, audio, image, …; `seconds` and `waveform` (64 values) are those of a sound.
    """

    seq: int
    id: str
    mine: bool
    at: float
    kind: str
    text: str
    quoted: str
    seconds: int
    waveform: bytes
    has_file: bool
    status: str


class Handset(Protocol):
    """A sandbox, for one phone of it. Everything raises SandboxError."""

    async def scan(self, phone: str, qr: str) -> None:
        """Have the phone of that number (digits) scan a code; it is created where it is not there."""
        ...

    async def type_code(self, phone: str, code: str) -> None:
        """Have it type a pairing code."""
        ...

    async def contacts(self) -> list[Somebody]:
        """Everybody whom a phone can write to."""
        ...

    async def add_contact(self, phone: str, name: str) -> None:
        """Create a contact that tells of what it gets only when it is asked to."""
        ...

    async def messages(self, contact: str, phone: str) -> list[Held]:
        """The chat of a contact with a phone, oldest first; the last few hundred."""
        ...

    async def file(self, contact: str, phone: str, seq: int) -> tuple[bytes, str]:
        """The file of a message that came from the phone, and its type."""
        ...

    async def tell(self, contact: str, phone: str, seq: int, told: Told) -> None:
        """Let the contact tell that it has read or played a message of the phone's."""
        ...

    async def write(self, contact: str, phone: str, text: str, reply_to: str | None) -> None:
        """Let the contact write to the phone."""
        ...

    async def speak(self, contact: str, phone: str, note: bytes, seconds: int, waveform: bytes) -> None:
        """Let the contact send a voice note to the phone."""
        ...
