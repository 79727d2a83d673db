"""Parts of results that many operations share; the names are those of the contract."""

import msgspec
from msgspec import UNSET, UnsetType

from waypost.outbox.request import Step


class MessageKey(msgspec.Struct, frozen=True, kw_only=True):
    """The name of a message."""

    remoteJid: str
    fromMe: bool
    id: str


class SentMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What every `response_body` of a message that was sent has; operations say what their `message` is."""

    key: MessageKey
    message: msgspec.Struct
    messageTimestamp: str
    status: str


class MessageResult(SentMessage, frozen=True, kw_only=True):
    """`response_body` of an operation that sends one message."""

    warnings: list[str] | UnsetType = UNSET


def key_of(jid: str, step: Step) -> MessageKey:
    """The name of the message that a step has sent to `jid`."""
    return MessageKey(remoteJid=jid, fromMe=True, id=step.message_id or "")
