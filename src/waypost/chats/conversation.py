"""A chat as people read it: its messages with their receipts, and with the reactions and votes on them."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import msgspec

from waypost.address import Jid
from waypost.chats import payloads
from waypost.chats.bubble import Ack, Asked, Attached, Bubble, Choice, Reaction, Reply, Thread
from waypost.chats.directory import Directory
from waypost.chats.payloads import Parties, Party
from waypost.chats.reading import Reading, read
from waypost.chats.store import ChatStore
from waypost.chats.votes import chosen, opened
from waypost.instances.contacts import Contacts
from waypost.instances.messages import Message

# A message that a hundred people react to is a busy one; a page of fifty has room for twenty on each.
_MOST_ABOUT: Final = 1000
_WAVEFORM: Final = 64


class Acks(Protocol):
    """What receipts have told of the account's own messages."""

    async def of(self, instance_id: str, messages: Sequence[tuple[str, str]]) -> Mapping[str, Ack]:
        """How far messages have come, from (id, chat JID) of each; one that nothing is known of is left
        out."""
        ...


class Conversation:
    """Reads chats for people."""

    def __init__(self, store: ChatStore, acks: Acks, directory: Directory, contacts: Contacts) -> None:
        self._store = store
        self._acks = acks
        self._directory = directory
        self._contacts = contacts

    async def thread(self, instance_id: str, chat: Jid, before: tuple[int, str], limit: int) -> Thread:
        """Messages of a chat before a place. Raises StorageError."""
        chats = await self._directory.chats(instance_id, chat)
        found = await self._store.history(instance_id, chats, before, limit)
        if not found:
            return Thread(bubbles=[], older=None)
        last = found[-1]
        older = (last.timestamp, last.message_id) if len(found) == limit else None
        found.reverse()
        about = await self._store.about(instance_id, chats, last.timestamp, _MOST_ABOUT)
        own = [(one.message_id, one.chat) for one in found if one.from_me]
        acks = await self._acks.of(instance_id, own)
        names = _Names(self._directory, self._contacts, instance_id)
        doings = await self._doings(about, names)
        bubbles = [await self._bubble(one, acks.get(one.message_id), doings, names) for one in found]
        return Thread(bubbles=bubbles, older=older)

    async def called(self, instance_id: str, chat: Jid) -> str:
        """What the one in a chat of two is called; the number where nothing is known, empty for a group."""
        if chat.is_group:
            return ""
        return await _Names(self._directory, self._contacts, instance_id).of(str(chat))

    async def _doings(self, about: Sequence[Message], names: "_Names") -> dict[str, list["_Doing"]]:
        """What was done to which message (by its id), the earliest first."""
        done: dict[str, list[_Doing]] = {}
        for message in about:
            reading = read(msgspec.json.decode(message.names or b"{}"))
            if reading.about is not None:
                who = await names.address_of(message)
                doing = _Doing(message, reading, who, await names.of_sender(message), _at_ms(message))
                done.setdefault(reading.about.id, []).append(doing)
        for doings in done.values():
            # Messages tell seconds only; who changes their mind does it within one.
            doings.sort(key=lambda one: one.at_ms)
        return done

    async def _bubble(
        self, message: Message, ack: Ack | None, doings: Mapping[str, list["_Doing"]], names: "_Names"
    ) -> Bubble:
        reading = read(msgspec.json.decode(message.names or b"{}"))
        parties = await self._directory.parties(
            message.instance_id, message.chat, message.sender, from_me=message.from_me
        )
        done = doings.get(message.message_id, [])
        return Bubble(
            id=message.message_id,
            whole_id=payloads.serialized(message.message_id, message.from_me, parties),
            from_me=message.from_me,
            author=await names.of_sender(message),
            at=message.timestamp,
            kind=reading.kind,
            body=reading.body,
            ack=(ack or "SENT") if message.from_me else None,
            attached=_attached(reading),
            reply=await _reply(reading, names),
            reactions=_reactions(done),
            poll=await self._poll(message, reading, parties, done),
            place=reading.place,
            vcards=reading.vcards,
            edited=message.edited_at is not None,
            revoked=message.revoked_at is not None,
        )

    async def _poll(
        self, message: Message, reading: Reading, parties: Parties, done: Sequence["_Doing"]
    ) -> Asked | None:
        poll = reading.poll
        if poll is None:
            return None
        author = parties.own if message.from_me else parties.sender
        latest: dict[str, tuple[str, list[str] | None]] = {}
        # A later vote of the same person takes the place of the earlier one.
        for doing in done:
            if doing.reading.vote is not None:
                voter = await self._party_of(doing.message, parties.own)
                options = _opened(message, doing.reading, author, voter, poll.options)
                latest[doing.who] = (doing.name, options)
        votes = latest.values()
        choices = [
            Choice(name=option, names=[name for name, options in votes if option in (options or ())])
            for option in poll.options
        ]
        sealed = sum(options is None for _, options in votes)
        return Asked(question=poll.name, several=poll.selectable != 1, choices=choices, sealed=sealed)

    async def _party_of(self, message: Message, own: Party) -> Party:
        if message.from_me:
            return own
        return await self._directory.party(message.instance_id, message.sender)


class _Doing(msgspec.Struct, frozen=True):
    """A reaction or a vote, by which address (`who`, one per person), what that person is called, and when it
    was done by the person's own clock."""

    message: Message
    reading: Reading
    who: str
    name: str
    at_ms: int


class _Names:
    """What people are called, each asked for once."""

    def __init__(self, directory: Directory, contacts: Contacts, instance_id: str) -> None:
        self._directory = directory
        self._contacts = contacts
        self._instance_id = instance_id
        self._known: dict[str, str] = {}

    async def of_sender(self, message: Message) -> str:
        """Who wrote a message: by the address book, by themselves, or by the number."""
        if message.from_me:
            return "You"
        return await self.of(message.sender, message.push_name)

    async def address_of(self, message: Message) -> str:
        """One address for each person, by whichever their message came."""
        if message.from_me:
            return ""
        return (await self._directory.party(self._instance_id, message.sender)).shown or message.sender

    async def of(self, address: str, push_name: str = "") -> str:
        """What somebody is called; `push_name` where nothing better is known."""
        if address not in self._known:
            self._known[address] = await self._name(address, push_name)
        return self._known[address]

    async def _name(self, address: str, push_name: str) -> str:
        party = await self._directory.party(self._instance_id, address)
        own = await self._directory.own(self._instance_id)
        if set(party.jids) & set(own.jids):
            return "You"
        jid = party.number or party.lid
        person = None if jid is None else await self._contacts.person(self._instance_id, jid)
        called = "" if person is None else person.name or person.pushname
        if called or push_name:
            return called or push_name
        return f"+{party.number.user}" if party.number is not None else party.shown or address


def _at_ms(message: Message) -> int:
    """When a reaction or a vote was made, in epoch milliseconds; as a stranger has it, so never relied on."""
    names = msgspec.json.decode(message.names or b"{}")
    for part in ("reactionMessage", "pollUpdateMessage"):
        at = names.get(part, {}).get("senderTimestampMs") if isinstance(names.get(part), dict) else None
        if isinstance(at, str) and at.isascii() and at.isdecimal() and len(at) < 16:
            return int(at)
    return message.timestamp * 1000


def _attached(reading: Reading) -> Attached | None:
    file = reading.file
    if file is None:
        return None
    return Attached(
        mimetype=file.mimetype,
        filename=file.filename,
        size=file.size,
        seconds=file.seconds,
        waveform=_waveform(file.waveform),
    )


def _waveform(text: str | None) -> bytes:
    """The 64 values; empty for what is none: strangers write what they like there."""
    try:
        values = base64.b64decode(text or "", validate=True)
    except (binascii.Error, ValueError):
        return b""
    return bytes(min(value, 100) for value in values) if len(values) == _WAVEFORM else b""


async def _reply(reading: Reading, names: _Names) -> Reply | None:
    quoted = reading.quoted
    if quoted is None:
        return None
    author = "" if quoted.participant is None else await names.of(quoted.participant)
    return Reply(id=quoted.id, author=author, body=quoted.body)


def _reactions(done: Sequence[_Doing]) -> list[Reaction]:
    """The emojis that are there now: each person has one, the last that they chose."""
    latest: dict[str, tuple[str, str]] = {}
    for doing in done:
        if doing.reading.kind == "reaction":
            latest[doing.who] = (doing.name, doing.reading.body)
    emojis = dict.fromkeys(emoji for _, emoji in latest.values() if emoji)
    return [
        Reaction(emoji=emoji, names=[name for name, put in latest.values() if put == emoji])
        for emoji in emojis
    ]


def _opened(
    poll: Message, reading: Reading, author: Party, voter: Party, options: Sequence[str]
) -> list[str] | None:
    if reading.vote is None or poll.secret is None:
        return None
    hashes = opened(reading.vote, poll.message_id, poll.secret, author.jids, voter.jids)
    return None if hashes is None else chosen(hashes, options)
