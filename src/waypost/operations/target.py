"""The message that a call is about, by its id: the one that is reacted to, deleted, marked as read."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType

from waypost.address import Jid, parse_message_id
from waypost.engine.port import Content
from waypost.errors import MESSAGE_NOT_FOUND, EngineError, InvalidRequest
from waypost.operations.quote import find_message
from waypost.operations.resources import Resources


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Who wrote the message and what it is called; `participant` is who wrote it in a group, if not we.

    `kind` and `timestamp` (seconds since the epoch) are empty and 0 where only its name is known.
    """

    id: str
    from_me: bool
    participant: str | None = None
    kind: str = ""
    timestamp: int = 0


class TargetKey(msgspec.Struct, frozen=True, kw_only=True):
    """The name of a message that another one is about."""

    remoteJid: str
    fromMe: bool
    id: str
    participant: str | UnsetType = UNSET


def chat_of_target(chat_id: str | None, message_id: str) -> str:
    """The chat of a message: the one that was named, or the one that its whole id names.

    Raises InvalidRequest when neither does.
    """
    ref = parse_message_id(message_id)
    if chat_id is not None:
        return chat_id
    if ref.chat is None:
        raise InvalidRequest({"chatId": ["The chatId field is required with a short messageId."]})
    return str(ref.chat)


async def find_target(
    resources: Resources, instance_id: str, chats: Sequence[str], message_id: str
) -> Target:
    """The message with that id in a chat, whose JIDs (number and LID, as far as they are known) are `chats`,
    the one to send to first.

    Raises EngineError(MESSAGE_NOT_FOUND) for a message of another chat, and for a short id that nobody knows:
    what it is called in full depends on who wrote it.
    """
    ref, names = parse_message_id(message_id), [Jid.parse(one) for one in chats]
    chat = names[0]
    stored = await find_message(resources, instance_id, chat, ref)
    if stored is not None and _elsewhere(Jid.parse(stored.chat), names):
        raise EngineError(MESSAGE_NOT_FOUND, "There is one in another chat.")
    if stored is not None:
        author = stored.sender if chat.is_group and not stored.from_me else None
        return Target(
            id=stored.message_id,
            from_me=stored.from_me,
            participant=author,
            kind=stored.kind,
            timestamp=stored.timestamp,
        )
    if ref.chat is None:
        raise EngineError(MESSAGE_NOT_FOUND)
    author = str(ref.participant) if chat.is_group and ref.participant and not ref.from_me else None
    return Target(id=ref.id, from_me=ref.from_me, participant=author)


def _elsewhere(chat: Jid, names: Sequence[Jid]) -> bool:
    """Whether a chat is certainly another one: a LID and a number may be the same account's."""
    of_its_kind = [name for name in names if name.server is chat.server]
    return bool(of_its_kind) and chat not in of_its_kind


def key_in_message(jid: str, target: Target) -> Content:
    """The name of the target as a message to `jid` carries it."""
    return {
        "remoteJID": jid,
        "fromMe": target.from_me,
        "ID": target.id,
        "participant": target.participant,
    }


def key_in_result(jid: str, target: Target) -> TargetKey:
    """The name of the target as the API shows it."""
    return TargetKey(
        remoteJid=jid, fromMe=target.from_me, id=target.id, participant=target.participant or UNSET
    )
