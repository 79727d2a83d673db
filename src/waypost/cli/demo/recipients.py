"""Who hears the demo's notes: a contact that the sandbox plays, or a phone that runs Baileys."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from waypost.cli.demo.screen import StepFailed
from waypost.sandbox.client import SandboxClient
from waypost.sandbox.views import InboxMessage
from waypost.testing.phones import Phone

_ARRIVES_WITHIN_S = 20


@dataclass(frozen=True)
class Arrived:
    """A message as its recipient decrypted it; `media` is the file behind it, empty for a text."""

    text: str
    quoted_id: str
    is_voice_note: bool
    media: bytes


class Recipient(Protocol):
    """Decrypts what arrives, and tells that it was played."""

    @property
    def chat_id(self) -> str:
        """How the API names the chat."""
        ...

    async def arrived(self, message_id: str) -> Arrived:
        """The message of that id. Raises StepFailed when it does not come."""
        ...

    async def play(self, message_id: str) -> None:
        """Read and play it, so that its sender learns of it."""
        ...


@dataclass(frozen=True)
class Contact:
    """A contact of the sandbox; it plays what it gets by itself."""

    phone: str
    sandbox: SandboxClient

    @property
    def chat_id(self) -> str:
        """How the API names the chat."""
        return f"{self.phone}@c.us"

    async def arrived(self, message_id: str) -> Arrived:
        """The message of that id in its inbox."""
        message = await self._message(message_id)
        is_note = message.audio is not None and message.audio.ptt
        media = b"" if message.audio is None else await self.sandbox.media(f"+{self.phone}", message.seq)
        return Arrived(message.text or "", message.quoted_id or "", is_note, media)

    async def play(self, message_id: str) -> None:
        """Nothing to do: its receipts come after the delays that it was made with."""

    async def _message(self, message_id: str) -> InboxMessage:
        after = 0
        while (inbox := await self.sandbox.inbox(f"+{self.phone}", after, _ARRIVES_WITHIN_S)).messages:
            for message in inbox.messages:
                if message.id == message_id:
                    return message
            after = inbox.last
        raise StepFailed(f"the contact did not receive {message_id}")


@dataclass(frozen=True)
class BaileysPhone:
    """A companion phone that Baileys runs: an engine that nobody here wrote decrypts the notes."""

    phone: Phone

    @property
    def chat_id(self) -> str:
        """How the API names the chat."""
        return f"{self.phone.number}@c.us"

    async def arrived(self, message_id: str) -> Arrived:
        """The message of that id as Baileys told it, its file downloaded and decrypted by Baileys."""
        message = await self.phone.message(message_id, _ARRIVES_WITHIN_S)
        if message.media_error:
            raise StepFailed(f"Baileys could not read the media: {message.media_error}")
        media = await asyncio.to_thread(Path(message.path).read_bytes) if message.path else b""
        return Arrived(message.text, message.quoted_id, message.ptt, media)

    async def play(self, message_id: str) -> None:
        """Let Baileys send its receipts."""
        await self.phone.read(message_id)
        await self.phone.played(message_id)
