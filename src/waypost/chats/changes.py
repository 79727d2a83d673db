"""Messages that change others: edits and revocations."""

from typing import Final

import msgspec

from waypost.chats import payloads
from waypost.chats.directory import Directory
from waypost.chats.edits import Words, opened
from waypost.chats.payloads import Payload
from waypost.chats.reading import Reading, read, unwrapped
from waypost.chats.store import ChatStore
from waypost.engine.port import Content
from waypost.instances.messages import Message

_EDIT: Final = "MESSAGE_EDIT"
# Each edit of a caption makes what is kept longer; beyond this the protobuf keeps the words it has.
_LONGEST: Final = 512 * 1024


class Changes:
    """Changes what is kept, as far as whoever wants it may."""

    def __init__(self, store: ChatStore, directory: Directory) -> None:
        self._store = store
        self._directory = directory

    async def revoke(self, message: Message, reading: Reading, *, by_admin: bool) -> Payload | None:
        """What the message said that is taken back; it is marked as taken back. `by_admin`: whether whoever
        does it may take back what others said in the group."""
        target = await self._target(message, reading, by_admin=by_admin)
        if target is None:
            return None
        await self._store.revoke(target, message.timestamp)
        parties = await self._directory.parties(
            target.instance_id, target.chat, target.sender, from_me=target.from_me
        )
        return payloads.message_any(target, reading_of(target), parties, None)

    async def edit(self, message: Message, reading: Reading, content: bytes | None) -> None:
        """Put what an edit says into the place of what was there; `content` is its protobuf."""
        target = await self._target(message, reading)
        if target is None or target.from_me != message.from_me or reading.edited is None:
            return
        before, edited = _names(target), unwrapped(reading.edited)
        if _only_words(before, edited):
            # An edited caption comes without its file. Of two protobufs one behind the other, readers take
            # the latest of each field.
            content = _longer(target.content, content)
        names = msgspec.json.encode(_merged(before, edited))
        await self._store.edit(target, content, names, message.timestamp)

    async def unsealed(self, message: Message, reading: Reading) -> tuple[Message, Reading, bytes | None]:
        """A sealed edit as if it had come in the clear, with the protobuf of what it says; as it came where
        it can't be opened."""
        words = await self._words(message, reading)
        if words is None or reading.about is None:
            return message, reading, None
        key = {
            "remoteJid": message.chat,
            "fromMe": reading.about.from_me,
            "id": reading.about.id,
            "participant": reading.about.participant,
        }
        names: Content = {
            "protocolMessage": {
                "key": {name: value for name, value in key.items() if value is not None},
                "type": _EDIT,
                "editedMessage": words.names,
            }
        }
        clear = msgspec.structs.replace(message, names=msgspec.json.encode(names))
        return clear, read(names), words.content

    async def _words(self, message: Message, reading: Reading) -> Words | None:
        sealed = reading.sealed
        if sealed is None or sealed.kind != _EDIT:
            return None
        target = await self._target(message, reading)
        if target is None or target.secret is None:
            return None
        if message.from_me:
            author = await self._directory.own(message.instance_id)
        else:
            author = await self._directory.party(message.instance_id, message.sender)
        return opened(sealed, target.message_id, target.secret, author.jids)

    async def _target(self, message: Message, reading: Reading, *, by_admin: bool = False) -> Message | None:
        """The message that another one changes, which only its author may, and an admin who takes it back."""
        if reading.about is None:
            return None
        party = await self._directory.party(message.instance_id, message.chat)
        sender = await self._directory.party(message.instance_id, message.sender)
        found = await self._store.find(message.instance_id, reading.about.id)
        return next(
            (
                one
                for one in found
                if one.chat in party.jids
                and (
                    one.sender in sender.jids
                    or (one.from_me and message.from_me)
                    or (party.is_group and by_admin)
                )
            ),
            None,
        )


def reading_of(message: Message) -> Reading:
    """What a kept message is and says."""
    return read(_names(message))


def _names(message: Message) -> Content:
    names: Content = msgspec.json.decode(message.names or b"{}")
    return names


def _longer(content: bytes, words: bytes | None) -> bytes | None:
    if not content or words is None or len(content) + len(words) > _LONGEST:
        return None
    return content + words


def _only_words(before: Content, edited: Content) -> bool:
    """Whether an edit names a part that has a file and brings none of its own."""
    return any(
        isinstance(part, dict)
        and isinstance(old := before.get(name), dict)
        and bool(old.get("mediaKey"))
        and not part.get("mediaKey")
        for name, part in edited.items()
    )


def _merged(before: Content, edited: Content) -> Content:
    """What an edit leaves out of a part stays: its file, and what it answers."""
    return {
        name: {**old, **part}
        if isinstance(part, dict) and isinstance(old := before.get(name), dict)
        else part
        for name, part in edited.items()
    }
