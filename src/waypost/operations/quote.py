"""What `reply_to` names: a stored message, or as much of it as the id itself tells."""

from waypost.address import Jid, MessageRef, parse_message_id
from waypost.engine.port import Quote
from waypost.instances.messages import Message
from waypost.operations.resources import Resources, own_account

REPLY_NOT_FOUND = "reply_not_found"
"""The warning of a message that was sent without its quote: nobody knows a message with that short id."""


async def find_quote(resources: Resources, instance_id: str, chat: Jid, reply_to: str | None) -> Quote | None:
    """The message to quote; None when there is nothing to quote it by. Raises EngineError(NOT_CONNECTED)."""
    if reply_to is None:
        return None
    ref = parse_message_id(reply_to, "reply_to")
    stored = await find_message(resources, instance_id, chat, ref)
    if stored is not None:
        return Quote(message_id=stored.message_id, participant=stored.sender, content=stored.content or None)
    if ref.chat is None:
        return None
    author = own_account(resources.session(instance_id)) if ref.from_me else ref.participant or ref.chat
    return Quote(message_id=ref.id, participant=str(author))


async def find_message(resources: Resources, instance_id: str, chat: Jid, ref: MessageRef) -> Message | None:
    """The stored message that `ref` names, preferably of `chat`."""
    return _best(await resources.messages.find(instance_id, ref.id), ref, str(chat))


def _best(found: list[Message], ref: MessageRef, chat: str) -> Message | None:
    """Ids are unique per sender only: prefer the chat and the side that were named."""
    if ref.chat is not None:
        found = [one for one in found if one.from_me == ref.from_me]
    here = [one for one in found if one.chat == chat]
    return next(iter(here or found), None)
