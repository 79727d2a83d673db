"""What the inbox shows of a message, of kinds that the sandbox has no name for too."""

from google.protobuf.empty_pb2 import Empty

from waypost.sandbox.contacts.fields import fields_of
from waypost.sandbox.wire.proto.message_pb2 import Message, ProtocolMessage


def field(number: int, data: bytes) -> bytes:
    """A length-delimited field of a number below 16."""
    return bytes([number << 3 | 2, len(data)]) + data


def test_named_fields_have_their_names_and_bytes_are_base64() -> None:
    message = Message()
    message.location.degrees_latitude = 1.5
    message.protocol.type = ProtocolMessage.REVOKE
    message.context_info.message_secret = b"\xff\x00"
    assert fields_of(message) == {
        "location": {"degrees_latitude": 1.5},
        "protocol": {"type": "REVOKE"},
        "context_info": {"message_secret": "/wA="},
    }


def test_a_kind_without_a_name_is_shown_by_numbers() -> None:
    card = field(1, b"Bea") + field(2, b"\xff\xfe")
    cards = field(13, field(1, b"2 contacts") + field(2, card) + field(2, card) + b"\x18\x07")
    shown = {"1": "Bea", "2": "//4="}
    assert fields_of(Message.FromString(cards)) == {"13": {"1": "2 contacts", "2": [shown, shown], "3": 7}}


def test_a_message_within_messages_without_end_is_cut() -> None:
    data = b"x"
    for _ in range(40):
        data = field(14, data)
    assert fields_of(Message.FromString(data))["14"]["14"]
    assert not Empty.FromString(data).ListFields()
