import json

import msgspec

from fuzz.target import Choices, Target
from waypost.api.fields import FieldsReader
from waypost.errors import InvalidRequest
from waypost.instances.instance import Instance
from waypost.operations import WRITES
from waypost.outbox.request import Upload

_READERS = [FieldsReader(write.fields, write.file) for write in WRITES]
_UPLOAD = Upload(blob_id="b", size=1, sha256="0" * 64, inline=b"x")
_CALLS: tuple[dict[str, object], ...] = (
    {"chatId": "49151123456@c.us", "url": "https://a.example/a.mp3", "caption": "é", "reply_to": "3EB0C767"},
    {"chatId": "+1 (213) 213-2131", "text": "hello", "reply_to": "true_49151123456@c.us_3EB0C767"},
    {"chatId": "99@lid", "latitude": "48.1", "longitude": -11.5, "title": "Here"},
    {"chatId": 49151123456, "contacts": [{"fullName": "Ann", "phoneNumber": "+49 151"}, {"vcard": "BEGIN"}]},
    {"messageId": "false_120363025246125486@g.us_3EB0C767_99@lid", "reaction": "👍", "chatId": "99@lid"},
    {"chatId": "49151123456@c.us", "messageId": "3EB0C767", "isTyping": True, "duration": 1e400},
)


def check(data: bytes) -> None:
    """The first byte chooses the operation and whether a file came; the rest is the JSON of a call."""
    choices = Choices(data)
    place = choices.number(2 * len(WRITES) - 1)
    write, reader = WRITES[place // 2], _READERS[place // 2]
    upload = _UPLOAD if place % 2 and write.file is not None else None
    try:
        given = msgspec.json.decode(choices.rest())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    if not isinstance(given, dict):
        return
    try:
        order = write.accept(reader.read(given, upload is not None), upload, _instance())
    except InvalidRequest as error:
        names = {*write.fields.__struct_fields__, *((write.file.file, write.file.url) if write.file else ())}
        assert {field.split(".")[0] for field in error.errors} <= names, error.errors
        assert all(sentences for sentences in error.errors.values())
        return
    assert order.chat.device == 0
    kept = msgspec.json.encode(order.payload)
    assert msgspec.json.decode(kept, type=write.payload) == order.payload
    msgspec.json.encode({name: given[name] for name in write.fields.__struct_fields__ if name in given})


def _instance() -> Instance:
    return Instance(id="i", name="n", phone="49151", network="sandbox", created_at=0.0)


TARGET = Target(
    promise="a call is refused at its own fields, or becomes an order whose payload is read as it was stored",
    check=check,
    seeds=lambda: [
        bytes((place,)) + json.dumps(call).encode() for place in range(2 * len(WRITES)) for call in _CALLS
    ],
    longest=1000,
    rate=1000,
)
