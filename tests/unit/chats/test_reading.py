"""What messages are and say: the tables of kinds, and what strangers may put into a message."""

import base64
from typing import Any

import pytest

from waypost.chats.reading import About, File, Place, Poll, Quoted, Reading, read
from waypost.engine.names import as_known

KEY = {"id": "3A1", "remoteJid": "99@lid", "fromMe": True}
ABOUT = About(id="3A1", chat="99@lid", from_me=True, participant=None)
FILE = {"mediaKey": "a2V5", "mimetype": "x/y", "fileLength": "12"}


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        ({"conversation": "hi"}, Reading(kind="text", body="hi")),
        ({"extendedTextMessage": {"text": "hi"}}, Reading(kind="text", body="hi")),
        (
            {"imageMessage": {**FILE, "caption": "c"}},
            Reading(kind="image", body="c", file=File(mimetype="x/y", size=12)),
        ),
        (
            {"ptvMessage": {**FILE, "seconds": 3}},
            Reading(kind="ptv", file=File(mimetype="x/y", size=12, seconds=3)),
        ),
        (
            {"audioMessage": {"mediaKey": "a", "ptt": True, "seconds": 3, "waveform": "AA=="}},
            Reading(kind="voice", file=File(mimetype="audio/ogg; codecs=opus", seconds=3, waveform="AA==")),
        ),
        ({"audioMessage": {"mediaKey": "a"}}, Reading(kind="audio", file=File(mimetype="audio/ogg"))),
        (
            {"documentMessage": {**FILE, "fileName": "a.pdf"}},
            Reading(kind="document", file=File(mimetype="x/y", filename="a.pdf", size=12)),
        ),
        (
            {"documentMessage": {**FILE, "mimetype": "a/b\r\nSet-Cookie: x", "fileName": "a\0.pdf"}},
            Reading(
                kind="document",
                file=File(mimetype="application/octet-stream", filename="a.pdf", size=12),
            ),
        ),
        ({"stickerMessage": {"mediaKey": "a"}}, Reading(kind="sticker", file=File(mimetype="image/webp"))),
        (
            {"locationMessage": {"degreesLatitude": 1, "degreesLongitude": 2.5, "name": "x"}},
            Reading(kind="location", body="x", place=Place(latitude=1, longitude=2.5, description="x")),
        ),
        (
            {"contactsArrayMessage": {"displayName": "2", "contacts": [{"vcard": "a"}, {"vcard": "b"}]}},
            Reading(kind="contacts", body="2", vcards=["a", "b"]),
        ),
        ({"reactionMessage": {"key": KEY, "text": "👍"}}, Reading(kind="reaction", body="👍", about=ABOUT)),
        ({"protocolMessage": {"key": KEY, "type": "REVOKE"}}, Reading(kind="revoke", about=ABOUT)),
        (
            {
                "editedMessage": {
                    "message": {"protocolMessage": {"key": KEY, "editedMessage": {"conversation": "new"}}}
                }
            },
            Reading(kind="edit", body="new", about=ABOUT, edited={"conversation": "new"}),
        ),
        (
            {
                "pollCreationMessageV3": {
                    "name": "?",
                    "options": [{"optionName": "a"}],
                    "selectableOptionsCount": 1,
                }
            },
            Reading(kind="poll", body="?", poll=Poll(name="?", options=["a"], selectable=1)),
        ),
        ({"buttonsResponseMessage": {"selectedDisplayText": "Yes"}}, Reading(kind="text", body="Yes")),
        ({"listResponseMessage": {"title": "Two"}}, Reading(kind="text", body="Two")),
        ({"interactiveResponseMessage": {"body": {"text": "Go"}}}, Reading(kind="text", body="Go")),
        ({"orderMessage": {"orderId": "7"}}, Reading(kind="unknown")),
        ({}, Reading(kind="unknown")),
    ],
)
def test_a_message_is_read_as_what_it_is(names: dict[str, Any], wanted: Reading) -> None:
    assert read(names) == wanted


def test_a_reply_names_what_it_answers() -> None:
    context = {"stanzaId": "3A0", "participant": "1@lid", "quotedMessage": {"conversation": "before"}}
    found = read({"extendedTextMessage": {"text": "after", "contextInfo": context}})
    assert found.quoted == Quoted(id="3A0", participant="1@lid", body="before")


@pytest.mark.parametrize(
    "names",
    [
        {"imageMessage": 3},
        {"imageMessage": {"mediaKey": "a", "fileLength": "x" * 50, "caption": 7}},
        {"pollUpdateMessage": {"vote": {"encPayload": "no base64!", "encIv": None}}},
        {"pollUpdateMessage": {"vote": 1, "pollCreationMessageKey": []}},
        {"pollCreationMessage": {"options": "abc"}},
        {"locationMessage": {"degreesLatitude": "NaN", "degreesLongitude": None}},
        {"contactsArrayMessage": {"contacts": [1, None]}},
        {"protocolMessage": {"key": 1}},
        {"editedMessage": {"message": 1}},
        {"conversation": None},
    ],
)
def test_whatever_a_stranger_puts_into_a_message_it_can_be_read(names: dict[str, Any]) -> None:
    assert read(names).kind != ""


@pytest.mark.parametrize("size", ["9" * 19, str(2**64 - 1), 2**63])
def test_a_size_that_databases_have_no_place_for_is_none(size: object) -> None:
    file = read({"imageMessage": {"mediaKey": "a", "fileLength": size}}).file
    assert file is not None
    assert file.size is None


def test_names_are_those_that_clients_know() -> None:
    given = {
        "audioMessage": {
            "URL": "u",
            "fileSHA256": b"\x01",
            "PTT": True,
            "fileLength": 2**40,
            "streamingSidecar": b"x",
            "waveform": None,
            "contextInfo": {"stanzaID": "3A1", "mentionedJID": ["1@lid"]},
        },
        "messageContextInfo": {"messageSecret": b"s"},
    }
    assert as_known(given) == {
        "audioMessage": {
            "url": "u",
            "fileSha256": base64.b64encode(b"\x01").decode(),
            "ptt": True,
            "fileLength": str(2**40),
            "contextInfo": {"stanzaId": "3A1", "mentionedJid": ["1@lid"]},
        }
    }
