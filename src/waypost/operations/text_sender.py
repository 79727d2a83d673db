"""Texts that the gateway itself sends, by the way of every call of send-text."""

import hashlib
from typing import Protocol

import msgspec

from waypost.address import Jid, chat_key
from waypost.operations.messages.send_text import SEND_TEXT
from waypost.operations.text import SendTextFields, SendTextPayload, accept
from waypost.outbox.request import Acceptance, Accepted, Idempotency


class Outbox(Protocol):
    """Takes requests."""

    async def accept(self, acceptance: Acceptance) -> Accepted:
        """Store a request; returns after the commit. Raises OutboxError, StorageError."""
        ...


class TextSender:
    """Implements `otp.codes.Sender`."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    async def send(self, instance_id: str, chat: Jid, text: str, key: str) -> None:
        """Accept the text durably; the same `key` again sends nothing. Raises OutboxError, StorageError."""
        fields = SendTextFields(chatId=str(chat), text=text)
        payload: SendTextPayload = accept(fields)
        await self._outbox.accept(
            Acceptance(
                instance_id=instance_id,
                operation=SEND_TEXT.name,
                chat_key=chat_key(chat),
                request=msgspec.json.encode(fields),
                payload=msgspec.json.encode(payload),
                payload_version=SEND_TEXT.version,
                idempotency=Idempotency(key=key, content_sha256=hashlib.sha256(key.encode()).hexdigest()),
            )
        )
