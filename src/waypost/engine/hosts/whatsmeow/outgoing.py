"""Orders of the gateway as WhatsApp's message protobuf, whatever kind of message they are.

The protobuf's own constructor takes the names: it costs 1.5 µs for a voice note (60 µs as JSON, by
`json_format`) and refuses a name that it does not know.
"""

import re
from typing import Any, Final

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import ContextInfo, ExtendedTextMessage, Message

from waypost.engine.names import as_known
from waypost.engine.port import Content, Quote, SendOrder
from waypost.errors import CONTENT_INVALID, EngineError

_NOT_SHOWN: Final = frozenset({"messageContextInfo", "senderKeyDistributionMessage"})
_WRAPPER: Final = "WAWebProtobufsE2E.FutureProofMessage"  # view-once, edits, documents with a caption, …
_UNKNOWN_NAME: Final = re.compile(r'Protocol message (\w+) has no "(\w+)" field')


def message_of(order: SendOrder) -> bytes:
    """The serialized message, with `order.secret` as its secret. Raises EngineError(CONTENT_INVALID)."""
    message = _message(order.content) if order.forwards is None else _forwarded(order.forwards)
    if order.quote is not None:
        _context(message).MergeFrom(_quoting(order.quote))
    message.messageContextInfo.messageSecret = order.secret
    return bytes(message.SerializeToString())


def names_of(message: bytes) -> Content:
    """What a message of ours holds, as JSON values, without what is for devices only."""
    named: Content = as_known(MessageToDict(Message.FromString(message)))
    return named


def _forwarded(stored: bytes) -> Any:
    """A message to pass on: marked as such, and without what it answered and whom it named."""
    try:
        message = Message.FromString(stored)
    except DecodeError:
        raise EngineError(CONTENT_INVALID, "It can't be read.") from None
    message.ClearField("messageContextInfo")
    context = _context(message)
    times = context.forwardingScore + 1
    context.Clear()
    context.MergeFrom(ContextInfo(isForwarded=True, forwardingScore=times))
    return message


def _message(content: Content) -> Any:
    try:
        message = Message(**content)
    except (TypeError, ValueError) as error:  # the library's two for unknown names and for wrong values
        raise EngineError(CONTENT_INVALID, _reason(error)) from None
    if not {field.name for field, _ in message.ListFields()} - _NOT_SHOWN:
        raise EngineError(CONTENT_INVALID, "It holds nothing.")
    return message


def _context(message: Any) -> Any:
    """Where the message says what it answers. Raises EngineError(CONTENT_INVALID) when that is nowhere."""
    if message.HasField("conversation"):
        # A bare text has no room for it.
        message.extendedTextMessage.CopyFrom(ExtendedTextMessage(text=message.conversation))
        message.ClearField("conversation")
    for field, part in message.ListFields():
        if field.message_type is None or field.name in _NOT_SHOWN:
            continue
        if "contextInfo" in field.message_type.fields_by_name:
            return part.contextInfo
        if field.message_type.full_name == _WRAPPER:
            return _context(part.message)
    raise EngineError(CONTENT_INVALID, "It can't quote, nor be forwarded.")


def _quoting(quote: Quote) -> Any:
    context = ContextInfo(stanzaID=quote.message_id, participant=quote.participant)
    if quote.content is not None:
        quoted = Message.FromString(quote.content)
        quoted.ClearField("messageContextInfo")  # its secret is nobody's business but the first recipient's
        context.quotedMessage.CopyFrom(quoted)
    return context


def _reason(error: Exception) -> str:
    """What is wrong, without the value: it may be what somebody wrote."""
    unknown = _UNKNOWN_NAME.match(str(error))
    return "A value is of the wrong kind." if unknown is None else f"{unknown[1]} has no field {unknown[2]}."
