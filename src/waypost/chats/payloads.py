"""What webhooks tell of messages: the payloads of the V2 API, and beside its names those that were missing.

Everybody is shown by the number where it is known, else by the LID; `…Lid` and `…Number` beside it have both.
"""

import contextlib
from typing import Any, Final

import msgspec

from waypost.address import Jid
from waypost.chats.reading import About, Reading
from waypost.instances.messages import Message

Payload = dict[str, Any]

ACK_NAMES: Final = {-1: "ERROR", 0: "PENDING", 1: "SERVER", 2: "DEVICE", 3: "READ", 4: "PLAYED"}
_ACK_OF_RECEIPT: Final = {"delivered": 2, "inactive": 2, "read": 3, "played": 4}


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, or a group, by all addresses that are known; one of them is there."""

    number: Jid | None = None
    lid: Jid | None = None
    other: Jid | None = None

    @property
    def shown(self) -> str:
        """The address that the API shows."""
        found = self.number or self.lid or self.other
        return found.chat_id if found is not None else ""

    @property
    def jids(self) -> tuple[str, ...]:
        """All addresses as the network writes them."""
        return tuple(str(one) for one in (self.lid, self.number, self.other) if one is not None)

    @property
    def is_group(self) -> bool:
        """Whether it is a group, or anything else that several write in."""
        return self.other is not None


class Parties(msgspec.Struct, frozen=True, kw_only=True):
    """Who takes part in a message: the account, the chat, and who has written it."""

    own: Party
    chat: Party
    sender: Party


def serialized(message_id: str, from_me: bool, parties: Parties, author: Party | None = None) -> str:
    """A message's whole id: `true|false_<chatId>_<id>[_<participant>]`, the last in groups."""
    participant = (author or parties.sender).shown if parties.chat.is_group else ""
    ids = ["true" if from_me else "false", parties.chat.shown, message_id]
    return "_".join([*ids, participant] if participant else ids)


def message_any(message: Message, reading: Reading, parties: Parties, media: Payload | None) -> Payload:
    """`message.any`: a message, of whomever."""
    ack = 1 if message.from_me else 2
    payload = {
        **_heading(message, parties),
        "body": reading.body,
        "type": reading.kind,
        "hasMedia": reading.file is not None,
        "media": media,
        "ack": ack,
        "ackName": ACK_NAMES[ack],
        "replyTo": _reply_to(reading),
        "_data": _data(message, parties),
    }
    if reading.place is not None:
        payload["location"] = msgspec.to_builtins(reading.place)
    if reading.vcards:
        payload["vCards"] = reading.vcards
    if reading.poll is not None:
        payload["poll"] = poll_of(reading)
    if reading.kind == "edit" and reading.about is not None:
        payload["editedMessageId"] = about_id(reading.about, message, parties)
    if reading.sealed is not None:
        payload["sealed"] = True  # it says something else, and nobody here can tell what
    return payload


def message_reaction(message: Message, reading: Reading, parties: Parties) -> Payload:
    """`message.reaction`: an emoji on a message, or none any more."""
    about = reading.about
    target = "" if about is None else about_id(about, message, parties)
    return {**_heading(message, parties), "reaction": {"text": reading.body, "messageId": target}}


def message_revoked(message: Message, reading: Reading, parties: Parties, before: Payload | None) -> Payload:
    """`message.revoked`: a message was taken back; `before` is what it said, where that is known."""
    about = reading.about
    after = {
        **_heading(message, parties),
        "body": "",
        "type": "revoked",
        "hasMedia": False,
        "media": None,
        "ack": 1 if message.from_me else 2,
        "ackName": ACK_NAMES[1 if message.from_me else 2],
        "replyTo": None,
        "_data": _data(message, parties),
    }
    target = "" if about is None else about_id(about, message, parties)
    after["message"] = after["_data"]["message"]
    return {"after": after, "before": before, "revokedMessageId": target}


def poll_vote(
    message: Message, parties: Parties, poll_id: str, poll_author: Party, selected: list[str], at_ms: int
) -> Payload:
    """`poll.vote`, and `poll.vote.failed` where nothing is selected because the vote could not be opened."""
    own = parties.own
    poll_from_me = bool(set(poll_author.jids) & set(own.jids))
    ours = parties.chat if parties.chat.is_group else (own if message.from_me else parties.chat)
    return {
        "vote": {
            "id": serialized(message.message_id, message.from_me, parties),
            "to": parties.chat.shown if message.from_me or parties.chat.is_group else own.shown,
            "from": own.shown if message.from_me else ours.shown,
            "fromMe": message.from_me,
            "participant": _participant(parties),
            "selectedOptions": selected,
            "timestamp": at_ms or message.timestamp * 1000,
        },
        "poll": {
            "id": serialized(poll_id, poll_from_me, parties, poll_author),
            "to": parties.chat.shown if poll_from_me or parties.chat.is_group else own.shown,
            "from": own.shown if poll_from_me else parties.chat.shown,
            "fromMe": poll_from_me,
            "participant": poll_author.shown if parties.chat.is_group else None,
        },
    }


def message_ack(message_id: str, parties: Parties, ack: int, participant: Party | None) -> Payload:
    """`message.ack` of a message of ours: how far it has come, in a group with whom."""
    return {
        "id": serialized(message_id, True, parties, parties.own),
        "from": parties.own.shown,
        "to": parties.chat.shown,
        "participant": None if participant is None else participant.shown,
        "fromMe": True,
        "ack": ack,
        "ackName": ACK_NAMES[ack],
    }


def message_waiting(message_id: str, from_me: bool, parties: Parties) -> Payload:
    """`message.waiting`: a message that could not be decrypted yet; it may come as `message.any`."""
    return {
        "id": serialized(message_id, from_me, parties),
        "from": parties.own.shown if from_me else parties.chat.shown,
        "to": parties.chat.shown if from_me else parties.own.shown,
        "participant": _participant(parties),
        "fromMe": from_me,
        "ack": 0,
        "ackName": ACK_NAMES[0],
    }


def call_offer(
    call_id: str, caller: Party, group: Party | None, at: int, video: bool, rejected: bool
) -> Payload:
    """`call.offer`: somebody calls; `rejected` when the instance declines calls by itself."""
    return {
        "id": call_id,
        "from": caller.shown,
        **_both("from", caller),
        "timestamp": at,
        "isVideo": video,
        "isGroup": group is not None,
        "groupId": None if group is None else group.shown,
        "rejected": rejected,
    }


def ack_of(receipt_kind: str) -> int | None:
    """The ack that a receipt means; None for one that says nothing of a message of ours."""
    return _ACK_OF_RECEIPT.get(receipt_kind)


def poll_of(reading: Reading) -> Payload | None:
    """A poll as a message shows it."""
    poll = reading.poll
    if poll is None:
        return None
    return {"name": poll.name, "options": poll.options, "multipleAnswers": poll.selectable != 1}


def about_id(about: About, message: Message, parties: Parties) -> str:
    """The whole id of the message that this one is about.

    Its `fromMe` is as the one who wrote this sees it: from somebody else it says "mine" of his own.
    """
    from_me = about.from_me if message.from_me else not about.from_me
    if parties.chat.is_group:
        author = parties.sender if about.from_me else _named(about.participant, parties)
        from_me = bool(set(author.jids) & set(parties.own.jids))
        return serialized(about.id, from_me, parties, author)
    return serialized(about.id, from_me, parties)


def _named(jid: str | None, parties: Parties) -> Party:
    """Somebody in the chat whom only one address is known of here."""
    with contextlib.suppress(ValueError):
        found = Jid.parse(jid or "").bare
        known = next((one for one in (parties.own, parties.sender) if str(found) in one.jids), None)
        return known or Party(number=found if found.is_number else None, lid=found if found.is_lid else None)
    return Party()


def _heading(message: Message, parties: Parties) -> Payload:
    mine = message.from_me
    return {
        "id": serialized(message.message_id, mine, parties),
        "timestamp": message.timestamp,
        "from": parties.own.shown if mine else parties.chat.shown,
        **_both("from", parties.own if mine else parties.chat),
        "fromMe": mine,
        "source": message.source,
        "to": parties.chat.shown if mine else parties.own.shown,
        **_both("to", parties.chat if mine else parties.own),
        "participant": _participant(parties),
        **(_both("participant", parties.sender) if parties.chat.is_group else {}),
        "pushName": message.push_name,
    }


def _participant(parties: Parties) -> str | None:
    return parties.sender.shown if parties.chat.is_group else None


def _both(name: str, party: Party) -> Payload:
    if party.is_group:
        return {}
    number, lid = party.number, party.lid
    return {
        f"{name}Number": None if number is None else number.chat_id,
        f"{name}Lid": None if lid is None else lid.chat_id,
    }


def _reply_to(reading: Reading) -> Payload | None:
    quoted = reading.quoted
    if quoted is None:
        return None
    participant = None
    with contextlib.suppress(ValueError):
        participant = Jid.parse(quoted.participant or "").bare.chat_id
    return {"id": quoted.id, "participant": participant, "body": quoted.body}


def _data(message: Message, parties: Parties) -> Payload:
    """The message as the network has it."""
    names: Payload = {} if message.names is None else msgspec.json.decode(message.names)
    key = {"remoteJid": message.chat, "fromMe": message.from_me, "id": message.message_id}
    if parties.chat.is_group:
        key["participant"] = message.sender
    return {
        "key": key,
        "message": names,
        "messageTimestamp": str(message.timestamp),
        "pushName": message.push_name,
    }
