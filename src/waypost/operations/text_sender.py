"""Texts that the gateway itself sends, by the way of every call that sends one."""

import hashlib
from typing import Protocol

import msgspec

from waypost.address import Jid, chat_key
from waypost.operations.code_message import NAME, VERSION, CodeFields, CodeStored
from waypost.operations.messages.send_text import SEND_TEXT
from waypost.operations.text import SendTextFields, accept
from waypost.origin import origin
from waypost.otp.codes import Drawing
from waypost.outbox.request import Acceptance, Accepted, Idempotency


class Outbox(Protocol):
    """Takes requests."""

    async def accept(self, acceptance: Acceptance) -> Accepted:
        """Store a request; returns after the commit. Raises OutboxError, StorageError."""
        ...


class TextSender:
    """Implements `otp.codes.Sender` and `CodeSender`."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    async def send(self, instance_id: str, chat: Jid, text: str, key: str) -> None:
        """Accept the text durably; the same `key` again sends nothing. Raises OutboxError, StorageError."""
        fields = SendTextFields(chatId=str(chat), text=text)
        await self._accept(instance_id, chat, SEND_TEXT.name, fields, accept(fields), SEND_TEXT.version, key)

    async def send_code(self, instance_id: str, chat: Jid, drawing: Drawing) -> None:
        """Accept the message that brings a code; the same code again sends nothing. Raises OutboxError,
        StorageError."""
        wanted = drawing.wanted
        fields = CodeFields(
            chatId=chat.chat_id,
            length=wanted.length,
            useLetter=wanted.letters,
            useNumber=wanted.numbers,
            allCapital=wanted.capital,
            name=wanted.name,
            expires=wanted.expires,
        )
        payload = CodeStored(chat=str(chat), drawing=drawing)
        await self._accept(instance_id, chat, NAME, fields, payload, VERSION, f"otp-{drawing.uuid}")

    async def _accept(
        self,
        instance_id: str,
        chat: Jid,
        operation: str,
        fields: msgspec.Struct,
        payload: msgspec.Struct,
        version: int,
        key: str,
    ) -> None:
        content, who = hashlib.sha256(key.encode()).hexdigest(), origin()
        await self._outbox.accept(
            Acceptance(
                instance_id=instance_id,
                operation=operation,
                chat_key=chat_key(chat),
                request=msgspec.json.encode(fields),
                payload=msgspec.json.encode(payload),
                payload_version=version,
                idempotency=Idempotency(key=key, content_sha256=content),
                request_id=None if who is None else who.request_id,
                traceparent=None if who is None else who.traceparent,
            )
        )
