"""Messages of ours as they are kept and told."""

from typing import Any

import msgspec

from waypost.chats.directory import bare
from waypost.chats.reading import read
from waypost.engine.names import as_known
from waypost.engine.port import Content, Quote, SendOrder, Sent
from waypost.instances.messages import Message
from waypost.outbox.port import Performed
from waypost.outbox.request import Request, Step


def sent_message(request: Request, step: Step, chat: str, sent: Sent) -> Message:
    """A message that the server has taken."""
    return _message(request, step, chat, sent)


def recovered_message(
    request: Request, step: Step, order: SendOrder, message_id: str, timestamp: int
) -> Message:
    """A message that was sent before a crash. Its protobuf went with the engine process; the rest is as it
    was."""
    names = _quoting(as_known(order.content), order.quote)
    sent = Sent(message_id=message_id, timestamp=timestamp, content=b"", names=names)
    return _message(request, step, order.chat, sent)


def performed(message: Message, data: bytes = b"{}") -> Performed:
    """What the outbox is told of it; `data` is for `finish`."""
    return Performed(
        message_id=message.message_id,
        chat=message.chat,
        timestamp=message.timestamp,
        data=data,
        content=message.content,
        message=msgspec.json.encode(message),
    )


def _message(request: Request, step: Step, chat: str, sent: Sent) -> Message:
    kind = read(sent.names).kind
    return Message(
        instance_id=request.instance_id,
        message_id=sent.message_id,
        chat=chat,
        sender=bare(step.device_jid or ""),
        from_me=True,
        timestamp=sent.timestamp,
        content=sent.content,
        kind=kind,
        names=msgspec.json.encode(sent.names),
        # Votes on it and edits of it are opened with it.
        secret=step.secret,
        source="api",
    )


def _quoting(names: Content, quote: Quote | None) -> Content:
    if quote is None:
        return names
    if "conversation" in names:
        names = {"extendedTextMessage": {"text": names["conversation"]}}
    context = {"stanzaId": quote.message_id, "participant": quote.participant}
    return {name: _within(part, context) for name, part in names.items()}


def _within(part: Any, context: Content) -> Any:
    if not isinstance(part, dict):
        return part
    if isinstance(part.get("message"), dict):
        return {**part, "message": {name: _within(one, context) for name, one in part["message"].items()}}
    return {**part, "contextInfo": {**part.get("contextInfo", {}), **context}}
