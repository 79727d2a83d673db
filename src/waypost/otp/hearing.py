"""Between what arrives and whoever is told of it: links hear the texts first."""

from collections.abc import Sequence
from typing import Protocol

from waypost.address import parse_chat_id
from waypost.errors import INSTANCE_QUEUE_FULL, QUEUE_FULL, InvalidRequest, OutboxError
from waypost.events import Event
from waypost.otp.links import Heard, Links
from waypost.telemetry import Log


class Publisher(Protocol):
    """Who keeps events."""

    async def publish(self, events: Sequence[Event]) -> None:
        """Keep events durably; returning means committed. Raises StorageError."""
        ...


class Hearing:
    """Implements `chats.publisher.Publisher`."""

    def __init__(self, links: Links, publisher: Publisher, log: Log) -> None:
        self._links = links
        self._publisher = publisher
        self._log = log

    async def publish(self, events: Sequence[Event]) -> None:
        """Hear and pass on. Raises StorageError, OutboxError(DRAINING): then all come again."""
        for event in events:
            heard = heard_in(event)
            if heard is None:
                continue
            try:
                await self._links.hear(heard)
            except OutboxError as error:
                if error.fault not in (QUEUE_FULL, INSTANCE_QUEUE_FULL):
                    raise
                # An answer is less than what others wait to be told.
                self._log.warning("otp_not_answered", instance=event.instance_id, code=error.code)
        await self._publisher.publish(events)


def heard_in(event: Event) -> Heard | None:
    """The text that somebody wrote to the instance in a chat of two."""
    payload = event.payload
    if event.name != "message.any" or payload.get("fromMe") is not False:
        return None
    text, message_id = payload.get("body"), payload.get("id")
    if not isinstance(text, str) or not isinstance(message_id, str):
        return None
    try:
        chat = parse_chat_id(str(payload.get("from")))
    except InvalidRequest:
        return None
    if chat.is_group:
        return None
    return Heard(instance_id=event.instance_id, message_id=message_id, chat=chat, text=text)
