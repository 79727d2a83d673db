"""The sandbox as the dashboard plays it: the other side of an instance that is on it.

Its address is the one of the settings. What a visitor may reach is narrowed here to chats with one phone.
"""

from collections.abc import Callable
from typing import Final

from waypost.dashboard.handset import Held, Somebody, Told
from waypost.errors import NOT_FOUND, SandboxError
from waypost.sandbox.client import SandboxClient
from waypost.sandbox.views import ContactView, InboxMessage, NewContact, Send, Written

# A page of the inbox has 200; whoever plays by hand has not written more.
_PAGES: Final = 10
_SHOWN: Final = 200


class SandboxHandset:
    """Implements `dashboard.handset.Handset`."""

    def __init__(self, client: Callable[[], SandboxClient]) -> None:
        """`client` is asked for when it is first needed."""
        self._open = client

    async def scan(self, phone: str, qr: str) -> None:
        """Have the phone of that number scan a code."""
        await self._client.add_phone(f"+{phone}")
        await self._client.scan(f"+{phone}", qr)

    async def type_code(self, phone: str, code: str) -> None:
        """Have it type a pairing code."""
        await self._client.add_phone(f"+{phone}")
        await self._client.type_code(f"+{phone}", code)

    async def contacts(self) -> list[Somebody]:
        """Everybody whom a phone can write to."""
        return [_somebody(one) for one in await self._client.contacts()]

    async def add_contact(self, phone: str, name: str) -> None:
        """Create a contact that tells of what it gets only when it is asked to."""
        await self._client.add_contact(NewContact(phone, name))

    async def messages(self, contact: str, phone: str) -> list[Held]:
        """The chat of a contact with a phone, oldest first."""
        came = [_came(one) for one in await self._inbox(contact) if _between(one, phone)]
        wrote = [_wrote(one) for one in await self._client.written(contact) if one.to == f"+{phone}"]
        return sorted([*came, *wrote], key=lambda one: one.at)[-_SHOWN:]

    async def file(self, contact: str, phone: str, seq: int) -> tuple[bytes, str]:
        """The file of a message that came from the phone, and its type."""
        message = await self._find(contact, phone, seq)
        kind = message.audio.mimetype if message.audio is not None else "application/octet-stream"
        return await self._client.media(contact, seq), kind

    async def tell(self, contact: str, phone: str, seq: int, told: Told) -> None:
        """Let the contact tell that it has read or played a message of the phone's."""
        await self._find(contact, phone, seq)
        await self._client.tell(contact, seq, told)

    async def write(self, contact: str, phone: str, text: str, reply_to: str | None) -> None:
        """Let the contact write to the phone."""
        await self._client.send(contact, Send(to=f"+{phone}", text=text, reply_to=reply_to))

    async def speak(self, contact: str, phone: str, note: bytes, seconds: int, waveform: bytes) -> None:
        """Let the contact send a voice note to the phone."""
        spoken = Send(to=f"+{phone}", audio=note, seconds=seconds, waveform=waveform)
        await self._client.send(contact, spoken)

    @property
    def _client(self) -> SandboxClient:
        return self._open()

    async def _inbox(self, contact: str) -> list[InboxMessage]:
        found: list[InboxMessage] = []
        after = 0
        for _ in range(_PAGES):
            page = await self._client.inbox(contact, after)
            if not page.messages:
                break
            found += page.messages
            after = page.last
        return found

    async def _find(self, contact: str, phone: str, seq: int) -> InboxMessage:
        page = await self._client.inbox(contact, max(seq - 1, 0))
        found = next((one for one in page.messages if one.seq == seq and _between(one, phone)), None)
        if found is None:
            raise SandboxError(NOT_FOUND, "This contact has no such message of this phone.")
        return found


def _between(message: InboxMessage, phone: str) -> bool:
    return message.sender == f"+{phone}" and message.group is None


def _somebody(view: ContactView) -> Somebody:
    told: list[Told] = []
    if view.read_after is not None:
        told.append("read")
    if view.played_after is not None:
        told.append("played")
    return Somebody(phone=view.phone, name=view.name, by_itself=told)


def _came(one: InboxMessage) -> Held:
    audio = one.audio
    return Held(
        seq=one.seq,
        id=one.id,
        mine=False,
        at=one.timestamp,
        kind=one.type,
        text=one.text or "",
        quoted=one.quoted_text or "",
        seconds=0 if audio is None else audio.seconds,
        waveform=b"" if audio is None else audio.waveform,
        has_file=one.media == "ok",
        status="",
    )


def _wrote(one: Written) -> Held:
    audio = one.audio
    return Held(
        seq=0,
        id=one.id,
        mine=True,
        at=one.at,
        kind=one.type,
        text=one.text or "",
        quoted="",
        seconds=0 if audio is None else audio.seconds,
        waveform=b"" if audio is None else audio.waveform,
        has_file=False,
        status=one.status,
    )
