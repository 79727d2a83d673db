"""What was said, from what is kept of it: chats, their messages, the files in them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from waypost.address import Jid, MessageRef
from waypost.chats import payloads
from waypost.chats.arrivals import media_of
from waypost.chats.bubble import Ack
from waypost.chats.changes import reading_of
from waypost.chats.conversation import Acks
from waypost.chats.directory import Directory
from waypost.chats.files import FileQueue
from waypost.chats.links import Links
from waypost.chats.store import ChatRow, ChatStore, FileKey, FileStore
from waypost.clock import iso
from waypost.errors import MESSAGE_NOT_FOUND, EngineError
from waypost.instances.contacts import Contacts, Person
from waypost.instances.messages import Message

_NUMBERS: Final[Mapping[Ack, int]] = {"ERROR": -1, "SENT": 1, "DELIVERED": 2, "READ": 3, "PLAYED": 4}


class Page(msgspec.Struct, frozen=True):
    """Messages of a chat, or chats, newest first, and where the next page begins."""

    data: list[dict[str, Any]]
    next: tuple[int, str] | None


class History:
    """Answers questions about chats."""

    def __init__(
        self,
        store: ChatStore,
        files: FileStore,
        queue: FileQueue,
        links: Links,
        directory: Directory,
        contacts: Contacts,
        acks: Acks,
    ) -> None:
        self._store = store
        self._files = files
        self._queue = queue
        self._links = links
        self._directory = directory
        self._contacts = contacts
        self._acks = acks

    async def chats(self, instance_id: str, before: tuple[int, str], limit: int, offset: int) -> Page:
        """The chats with messages behind a place, the one with the latest first. Raises StorageError."""
        rows = await self._store.chats(instance_id, before, limit, offset)
        directory = self._directory.briefly()
        for row in rows:
            directory.note(instance_id, row.chat, row.lid)
        parties = [await directory.party(instance_id, row.chat) for row in rows]
        both = list(zip(parties, rows, strict=True))
        latest = await self._store.latest(instance_id, [party.jids or (row.chat,) for party, row in both])
        names = [str(party.number or party.lid or row.chat) for party, row in both]
        persons = await self._contacts.persons(instance_id, names)
        acks = await self._acks_of(instance_id, [one for one in latest if one is not None])
        every = zip(parties, rows, latest, persons, strict=True)
        # One after the other: each asks for little that the ones before it have not.
        shown = [await self._chat(*one, directory, acks) for one in every]
        last = rows[-1] if len(rows) == limit else None
        return Page(shown, None if last is None else (last.latest, last.chat))

    async def messages(self, instance_id: str, chat: Jid, before: tuple[int, str], limit: int) -> Page:
        """Messages of a chat before a place. Raises StorageError."""
        directory = self._directory.briefly()
        chats = await directory.chats(instance_id, chat)
        found = await self._store.history(instance_id, chats, before, limit)
        last = found[-1] if len(found) == limit else None
        acks = await self._acks_of(instance_id, found)
        return Page(
            [await self._message(one, directory, acks) for one in found],
            None if last is None else (last.timestamp, last.message_id),
        )

    async def file(self, instance_id: str, ref: MessageRef) -> dict[str, Any]:
        """The file of a message, fetched now where it is not there. Raises EngineError."""
        found = await self._store.find(instance_id, ref.id)
        for one in found:
            if ref.chat is None or one.from_me == ref.from_me:
                reading = reading_of(one)
                key = FileKey(instance_id, one.message_id, one.sender)
                file = await self._queue.fetch(key)
                return {**media_of(reading), **self._links.shown(file)}
        raise EngineError(MESSAGE_NOT_FOUND)

    async def _chat(
        self,
        party: payloads.Party,
        row: ChatRow,
        latest: Message | None,
        person: Person | None,
        directory: Directory,
        acks: Mapping[str, Ack],
    ) -> dict[str, Any]:
        return {
            "id": party.shown,
            "number": None if party.number is None else party.number.chat_id,
            "lid": None if party.lid is None else party.lid.chat_id,
            "name": None if person is None else person.name or person.pushname or None,
            "isGroup": party.other is not None and party.other.is_group,
            "unreadCount": row.unseen,
            "timestamp": row.latest,
            "lastMessage": None if latest is None else await self._message(latest, directory, acks),
        }

    async def _acks_of(self, instance_id: str, messages: Sequence[Message]) -> Mapping[str, Ack]:
        own = [(one.message_id, one.chat) for one in messages if one.from_me]
        return await self._acks.of(instance_id, own)

    async def _message(
        self, message: Message, directory: Directory, acks: Mapping[str, Ack]
    ) -> dict[str, Any]:
        parties = await directory.parties(
            message.instance_id, message.chat, message.sender, from_me=message.from_me
        )
        reading = reading_of(message)
        media = None
        if reading.file is not None:
            key = FileKey(message.instance_id, message.message_id, message.sender)
            file = await self._files.find(key)
            media = media_of(reading) if file is None else {**media_of(reading), **self._links.shown(file)}
        return {
            **payloads.message_any(message, reading, parties, media),
            **_acked(acks.get(message.message_id) if message.from_me else None),
            "editedAt": None if message.edited_at is None else iso(message.edited_at),
            "revokedAt": None if message.revoked_at is None else iso(message.revoked_at),
            "seen": message.seen,
        }


def _acked(ack: Ack | None) -> dict[str, Any]:
    """How far one of the account's own has come; nothing where no receipt has told."""
    if ack is None:
        return {}
    number = _NUMBERS[ack]
    return {"ack": number, "ackName": payloads.ACK_NAMES[number]}
