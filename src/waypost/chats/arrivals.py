"""What arrives: kept first, then told. All may come again after a crash, and is told with the same keys."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from waypost.address import Jid
from waypost.chats import group_updates, payloads
from waypost.chats.calls import Calls
from waypost.chats.changes import Changes
from waypost.chats.directory import Directory, bare
from waypost.chats.edits import words_of
from waypost.chats.payloads import Party, Payload
from waypost.chats.reading import Reading, read
from waypost.chats.store import ChatStore, FileKey, StoredFile
from waypost.chats.telling import Telling, Told
from waypost.chats.untold import Left, Untold
from waypost.chats.votings import Votings
from waypost.clock import Clock
from waypost.engine.groups import GroupChanged
from waypost.engine.port import (
    CallOffered,
    EngineEvent,
    MessageArrived,
    MessageUndecrypted,
    ReceiptArrived,
)
from waypost.errors import WaypostError
from waypost.events import Event
from waypost.instances.messages import Message
from waypost.telemetry import Log

_SEEN = frozenset({"read-self", "played-self"})


class Arrivals:
    """Keeps messages, and tells what happens in chats."""

    def __init__(
        self,
        store: ChatStore,
        directory: Directory,
        telling: Telling,
        calls: Calls,
        on_files: Callable[[], None],
        clock: Clock,
        log: Log,
        flush: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`on_files` is called when there are files to fetch; `flush` tells of messages that were sent, which
        comes before what becomes of them and what is answered."""
        self._store = store
        self._directory = directory
        self._telling = telling
        self._votings = Votings(store, directory)
        self._changes = Changes(store, directory)
        self._calls = calls
        self._on_files = on_files
        self._clock = clock
        self._log = log
        self._flush = flush

    async def take(self, events: Sequence[EngineEvent]) -> None:
        """Keep and tell; returning means that nothing of it can be lost. Raises StorageError."""
        arrived = [event for event in events if isinstance(event, MessageArrived)]
        kept = [(event, message_of(event), read(event.names)) for event in arrived]
        files = [file for event, message, reading in kept for file in _files(message, reading)]
        if kept:
            for one, _, _ in kept:
                await self._directory.learn(one.instance_id, (one.chat, one.chat_alt))
            await self._keep([message for _, message, _ in kept], files)
        readings = {event.key: (message, reading) for event, message, reading in kept}
        told: list[Told] = []
        if self._flush is not None:
            await self._flush()
        for event in events:
            told += await self._guarded(event, readings)
        await self._telling.tell(told)
        if files:
            self._on_files()

    async def _keep(self, messages: Sequence[Message], files: Sequence[StoredFile]) -> None:
        """Keep messages with their files; of several, one that can't be kept alone is left out."""
        try:
            await self._store.keep(messages, files, self._clock.now())
        except WaypostError:
            raise
        except Exception:  # noqa: BLE001 - see `_guarded`
            if len(messages) == 1:
                self._log.exception("message_not_kept", instance=messages[0].instance_id)
                return
            for one in messages:
                key = FileKey(one.instance_id, one.message_id, one.sender)
                await self._keep([one], [file for file in files if file.key == key])

    async def ours(self, untold: Untold) -> list[Told]:
        """What is told of a message that a call of the API has sent: the message, and that the server has
        taken it; or that nothing came of it. Raises StorageError."""
        what, at = untold.what, untold.at
        told: list[Told] = []
        if isinstance(what, Left):
            message = what.message
            told = await self._left(message, at)
            told.append(await self._ack(message.instance_id, message.message_id, message.chat, 1, at))
        else:
            told.append(await self._ack(what.instance_id, what.message_id, what.chat, -1, at))
        call = {"request_id": what.request_id, "traceparent": what.traceparent}
        return [
            msgspec.structs.replace(one, event=msgspec.structs.replace(one.event, **call)) for one in told
        ]

    async def _left(self, message: Message, at: float) -> list[Told]:
        reading = read(msgspec.json.decode(message.names or b"{}"))
        key = f"message:{message.chat}:{message.sender}:{message.message_id}"
        told = await self._message(message, reading, key, at)
        if reading.kind == "edit":
            words = words_of(message.content)
            await self._changes.edit(message, reading, None if words is None else words.content)
        if reading.file is not None:
            self._on_files()
        return told

    async def _ack(self, instance_id: str, message_id: str, address: str, ack: int, at: float) -> Told:
        parties = await self._directory.parties(instance_id, address, "", from_me=True)
        chat = _order(parties.chat, address)
        return Told(
            event=Event(
                instance_id=instance_id,
                name="message.ack",
                key=f"ack:{chat}:{message_id}::{ack}",
                at=at,
                payload=payloads.message_ack(message_id, parties, ack, None),
                chat=chat,
            )
        )

    async def _guarded(self, event: EngineEvent, readings: dict[str, tuple[Message, Reading]]) -> list[Told]:
        """What is told of an event; nothing of one that can't be: it must not keep all others from coming."""
        try:
            return await self._told(event, readings)
        except WaypostError:
            raise
        except Exception:  # noqa: BLE001 - a stranger may have made it; it is kept, and comes again otherwise
            self._log.exception("event_not_told", instance=event.instance_id, kind=type(event).__name__)
            return []

    async def _told(self, event: EngineEvent, readings: dict[str, tuple[Message, Reading]]) -> list[Told]:
        match event:
            case MessageArrived():
                message, reading = readings[event.key]
                return await self._arrived(event, message, reading)
            case MessageUndecrypted():
                return [await self._waiting(event)]
            case ReceiptArrived():
                return await self._receipt(event)
            case GroupChanged():
                await group_updates.learn_members(event, self._directory)
                return [Told(event=await group_updates.group_update(event, self._directory))]
            case CallOffered():
                return [Told(event=await self._calls.offered(event))]
            case _:
                return []

    async def _arrived(self, event: MessageArrived, message: Message, reading: Reading) -> list[Told]:
        content = event.edited
        if reading.sealed is not None:
            message, reading, content = await self._changes.unsealed(message, reading)
        told = await self._message(message, reading, event.key, event.at, by_admin=event.by_admin)
        if reading.kind == "edit":
            await self._changes.edit(message, reading, content)
        return told

    async def _message(
        self, message: Message, reading: Reading, key: str, at: float, *, by_admin: bool = False
    ) -> list[Told]:
        parties = await self._directory.parties(
            message.instance_id, message.chat, message.sender, from_me=message.from_me
        )
        name, file = "message.any", None
        if reading.kind == "reaction":
            name, payload = "message.reaction", payloads.message_reaction(message, reading, parties)
        elif reading.kind == "revoke":
            # Whatever the account itself does is done.
            before = await self._changes.revoke(message, reading, by_admin=by_admin or message.from_me)
            name = "message.revoked"
            payload = payloads.message_revoked(message, reading, parties, before)
        elif reading.kind == "vote":
            name, payload = await self._votings.told(message, reading, parties)
        else:
            media = None
            if reading.file is not None:
                file = FileKey(message.instance_id, message.message_id, message.sender)
                media = media_of(reading)
            payload = payloads.message_any(message, reading, parties, media)
        event = Event(
            instance_id=message.instance_id,
            name=name,  # type: ignore[arg-type]
            key=key,
            at=at,
            payload=payload,
            chat=_order(parties.chat, message.chat),
        )
        return [Told(event=event, file=file)]

    async def _waiting(self, event: MessageUndecrypted) -> Told:
        parties = await self._directory.parties(
            event.instance_id, event.chat, event.sender, from_me=event.from_me
        )
        payload = payloads.message_waiting(event.message_id, event.from_me, parties)
        chat = _order(parties.chat, event.chat)
        return Told(
            event=Event(
                instance_id=event.instance_id,
                name="message.waiting",
                key=event.key,
                at=event.at,
                payload=payload,
                chat=chat,
            )
        )

    async def _receipt(self, event: ReceiptArrived) -> list[Told]:
        if event.kind in _SEEN:
            await self._store.see(event.instance_id, event.message_ids)
        ack = payloads.ack_of(event.kind)
        if ack is None:
            return []
        parties = await self._directory.parties(event.instance_id, event.chat, "", from_me=True)
        participant = None
        if parties.chat.is_group:
            participant = await self._directory.party(event.instance_id, event.participant)
        who = "" if participant is None else participant.shown
        chat = _order(parties.chat, event.chat)
        return [
            Told(
                event=Event(
                    instance_id=event.instance_id,
                    name="message.ack",
                    key=f"ack:{chat}:{one}:{who}:{ack}",
                    at=event.at,
                    payload=payloads.message_ack(one, parties, ack, participant),
                    chat=chat,
                )
            )
            for one in event.message_ids
        ]


def message_of(event: MessageArrived) -> Message:
    """A message as it is kept."""
    reading = read(event.names)
    return Message(
        instance_id=event.instance_id,
        message_id=event.message_id,
        chat=bare(event.chat),
        sender=bare(event.sender),
        from_me=event.from_me,
        timestamp=event.timestamp,
        content=event.content,
        kind=reading.kind,
        names=msgspec.json.encode(event.names),
        push_name=event.push_name,
        secret=event.secret,
        seen=event.from_me,
    )


def media_of(reading: Reading) -> Payload:
    """A message's file as its sender describes it, before it is there."""
    file = reading.file
    if file is None:
        return {}
    return {
        "url": None,
        "urlExpiresAt": None,
        "mimetype": file.mimetype,
        "filename": file.filename,
        "size": file.size,
        "error": None,
        "seconds": file.seconds,
        "waveform": file.waveform,
    }


def _files(message: Message, reading: Reading) -> list[StoredFile]:
    file = reading.file
    if file is None:
        return []
    key = FileKey(message.instance_id, message.message_id, message.sender)
    return [
        StoredFile(key=key, state="wanted", mimetype=file.mimetype, filename=file.filename, size=file.size)
    ]


def _order(chat: Party, address: str) -> str:
    """The chat that orders an event, by whichever address it came."""
    shown: Jid | None = chat.number or chat.lid or chat.other
    return address if shown is None else str(shown)
