"""Names of files that strangers have sent."""

import msgspec
import pytest

from waypost.cli.message_files import named
from waypost.client.shapes import ChatMessage


@pytest.mark.parametrize(
    ("id", "mimetype", "name"),
    [
        ("true_447700900001@c.us_3EB0", "audio/ogg; codecs=opus", "true_447700900001@c.us_3EB0.ogg"),
        ("../../etc/passwd", "application/pdf", "_.._etc_passwd.pdf"),
        ("false_1@c.us_\x1b[2J/", None, "false_1@c.us___2J_.bin"),
    ],
)
def test_a_file_is_named_by_its_message_and_stays_in_its_folder(
    id: str, mimetype: str | None, name: str
) -> None:
    message = msgspec.convert(
        {
            "id": id,
            "timestamp": 0,
            "from": "",
            "fromMe": False,
            "to": "",
            "participant": None,
            "source": "",
            "body": "",
            "type": "document",
            "hasMedia": True,
            "media": {"mimetype": mimetype},
            "ack": 2,
            "ackName": "DEVICE",
            "replyTo": None,
            "editedAt": None,
            "revokedAt": None,
            "seen": False,
        },
        ChatMessage,
    )
    assert named(message) == name
