"""Parts of results that many operations share; the names are those of the contract."""

import msgspec

from waypost.outbox.request import Step


class MessageKey(msgspec.Struct, frozen=True, kw_only=True):
    """The name of a message."""

    remoteJid: str
    fromMe: bool
    id: str


def key_of(jid: str, step: Step) -> MessageKey:
    """The name of the message that a step has sent to `jid`."""
    return MessageKey(remoteJid=jid, fromMe=True, id=step.message_id or "")
