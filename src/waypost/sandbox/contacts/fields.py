"""Everything that is in a decrypted message, for kinds that nothing here knows by name too.

Fields of `message.proto` have their names, all others their numbers. What type an unnamed field has is not
on the wire: what reads as printable text is one, what reads as a message is one, the rest are bytes.
"""

import base64
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from waypost.sandbox.wire.proto.message_pb2 import Message

_LENGTH_DELIMITED: Final = 2
_GROUP: Final = 3
_DEPTH: Final = 16  # objects within each other that are shown

Fields = dict[str, Any]


def fields_of(message: Message) -> Fields:
    """The message as JSON values: objects, texts, numbers; bytes as base64; a field that comes twice as a
    list."""
    return _fields(message, _DEPTH)


def _fields(message: Any, depth: int) -> Fields:
    found: Fields = {}
    for field, value in message.ListFields():
        values = value if field.is_repeated else [value]
        shown = [_named(field, one, depth) for one in values]
        found[field.name] = shown if field.is_repeated else shown[0]
    unnamed: dict[str, list[Any]] = {}
    unknown = UnknownFieldSet(message)
    for field in (unknown[place] for place in range(len(unknown))):
        shown = _unnamed(field.wire_type, field.data, depth)
        unnamed.setdefault(str(field.field_number), []).append(shown)
    return found | {name: values if len(values) > 1 else values[0] for name, values in unnamed.items()}


def _named(field: FieldDescriptor, value: Any, depth: int) -> Any:
    if field.message_type is not None:
        return _fields(value, depth - 1) if depth else {}
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(value)
        return value if known is None else known.name
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _unnamed(wire_type: int, data: Any, depth: int) -> Any:
    if wire_type == _GROUP:
        return {}
    if wire_type != _LENGTH_DELIMITED:
        return data
    text = _text(data)
    if text is not None or not depth:
        return text
    try:
        return _fields(Empty.FromString(data), depth - 1)
    except DecodeError:
        return base64.b64encode(data).decode()


def _text(data: bytes) -> str | None:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    printable = all(sign.isprintable() or sign in "\r\n\t" for sign in text)
    # A short message may read as text with a line break at its front: 0x0a is its first field's tag.
    return text if printable and not text.startswith(("\n", "\r", "\t")) else None
