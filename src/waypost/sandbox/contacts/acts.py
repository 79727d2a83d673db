"""What a contact sends that is about another message, or asks for an answer."""

import sqlite3
from typing import Final

from waypost.errors import SANDBOX_INVALID, SandboxError
from waypost.sandbox.act_views import Act, AskPoll, Edit, GiveVote, HandCard, React, Revoke, ShowPlace
from waypost.sandbox.contacts import content, edits, votes
from waypost.sandbox.state import inbox
from waypost.sandbox.state.parties import Party
from waypost.sandbox.wire.curve import Randomness
from waypost.sandbox.wire.node import GROUP_SERVER, LID_SERVER, Jid
from waypost.sandbox.wire.proto.message_pb2 import (
    Message,
    MessageKey,
    PollCreationMessage,
    PollOption,
    PollUpdateMessage,
    ProtocolMessage,
    SecretEncryptedMessage,
)

_EDIT: Final = ProtocolMessage.Type.MESSAGE_EDIT
_REVOKE: Final = ProtocolMessage.Type.REVOKE
_CAPTIONED: Final = frozenset({"image", "video", "document"})


def message_of(
    rows: sqlite3.Connection, contact: Party, chat: Jid, act: Act, now: float, randomness: Randomness
) -> Message:
    """The message that an act is; `chat` is where it goes. Raises SandboxError."""
    match act:
        case React(message_id=id, emoji=emoji):
            message = Message()
            message.reaction.key.CopyFrom(_key(rows, contact, chat, id))
            message.reaction.text, message.reaction.sender_timestamp_ms = emoji, int(now * 1000)
            return message
        case Edit():
            return _edit(rows, contact, chat, act, now, randomness)
        case Revoke(message_id=id):
            key = _own_key(rows, contact, chat, id)
            return Message(protocol=ProtocolMessage(key=key, type=_REVOKE))
        case AskPoll():
            return _poll(act)
        case GiveVote():
            return _vote(rows, contact, chat, act, now, randomness)
        case ShowPlace():
            return _place(act)
        case HandCard(name=name, vcard=vcard):
            message = Message()
            message.contact.display_name, message.contact.vcard = name, vcard
            return message


def _edit(
    rows: sqlite3.Connection, contact: Party, chat: Jid, act: Edit, now: float, randomness: Randomness
) -> Message:
    edit = ProtocolMessage(key=_own_key(rows, contact, chat, act.message_id), type=_EDIT)
    edit.timestamp_ms = int(now * 1000)
    sent = inbox.find_sent(rows, contact.number, act.message_id)
    raw = Message() if sent is None else content.parse(sent.plaintext)
    kind = content.type_of(content.unwrapped(raw))
    if kind in _CAPTIONED:
        getattr(edit.edited_message, kind).caption = act.text
    else:
        edit.edited_message.conversation = act.text
    message = Message()
    if not act.sealed:
        message.edited.message.protocol.CopyFrom(edit)
        return message
    me = str(Jid(contact.lid, LID_SERVER))
    iv, payload = edits.sealed(edit, act.message_id, raw.context_info.message_secret, me, randomness)
    message.secret.target_message_key.CopyFrom(edit.key)
    message.secret.enc_iv, message.secret.enc_payload = iv, payload
    message.secret.type = SecretEncryptedMessage.Type.MESSAGE_EDIT
    return message


def _poll(act: AskPoll) -> Message:
    poll = PollCreationMessage(
        name=act.name,
        options=[PollOption(option_name=option) for option in act.options],
        selectable_options_count=act.selectable,
    )
    return Message(poll_of_one=poll) if act.selectable == 1 else Message(poll=poll)


def _place(act: ShowPlace) -> Message:
    message = Message()
    place = message.live_location if act.live else message.location
    place.degrees_latitude, place.degrees_longitude = act.latitude, act.longitude
    if act.name is not None and act.live:
        message.live_location.caption = act.name
    elif act.name is not None:
        message.location.name = act.name
    return message


def _vote(
    rows: sqlite3.Connection, contact: Party, chat: Jid, act: GiveVote, now: float, randomness: Randomness
) -> Message:
    raw, author = _asked(rows, contact, act.poll_id)
    poll = content.poll_of(content.unwrapped(raw))
    if poll is None or not set(act.options) <= {option.option_name for option in poll.options}:
        raise SandboxError(SANDBOX_INVALID, "That message is no poll, or has no such option.")
    voter = str(Jid(contact.lid, LID_SERVER))
    secret = raw.context_info.message_secret
    sealed = votes.sealed(act.options, act.poll_id, secret, author, voter, randomness)
    update = PollUpdateMessage(
        poll_creation_message_key=_key(rows, contact, chat, act.poll_id),
        vote=sealed,
        sender_timestamp_ms=int(now * 1000),
    )
    return Message(poll_update=update)


def _asked(rows: sqlite3.Connection, contact: Party, id: str) -> tuple[Message, str]:
    """A poll as the contact has it, and its author's JID."""
    received = inbox.find(rows, contact.number, id)
    if received is not None:
        return content.parse(received.raw), str(Jid.parse(received.sender_lid).bare)
    sent = inbox.find_sent(rows, contact.number, id)
    if sent is None:
        raise SandboxError(SANDBOX_INVALID, "This contact knows no message of that id.")
    return content.parse(sent.plaintext), str(Jid(contact.lid, LID_SERVER))


def _key(rows: sqlite3.Connection, contact: Party, chat: Jid, id: str) -> MessageKey:
    """The name of a message that the contact has received or sent."""
    key = MessageKey(remote_jid=str(chat), from_me=False, id=id)
    received = inbox.find(rows, contact.number, id)
    if received is None:
        return _own_key(rows, contact, chat, id)
    if chat.server == GROUP_SERVER:
        key.participant = str(Jid.parse(received.sender_lid).bare)
    return key


def _own_key(rows: sqlite3.Connection, contact: Party, chat: Jid, id: str) -> MessageKey:
    if inbox.find_sent(rows, contact.number, id) is None:
        raise SandboxError(SANDBOX_INVALID, "This contact has sent no message of that id.")
    return MessageKey(remote_jid=str(chat), from_me=True, id=id)
