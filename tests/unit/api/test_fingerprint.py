from typing import Any

import msgspec

from waypost.api.fingerprint import fingerprint


class Chat(msgspec.Struct, frozen=True):
    number: str
    kind: str = "user"


class Old(msgspec.Struct, frozen=True):
    to: Chat
    text: str
    mentions: list[str] = []


class NewChat(msgspec.Struct, frozen=True):
    number: str
    via: str | None = None
    kind: str = "user"


class New(msgspec.Struct, frozen=True):
    """Of a later release: it knows more."""

    text: str
    to: NewChat
    preview: bool = False
    mentions: list[str] = []
    people: list[NewChat] = msgspec.field(default_factory=list)


def of(payload: Any, file: str = "") -> str:
    return fingerprint("send-text", payload, file)


def test_a_later_release_that_knows_more_fields_takes_the_same_call_for_the_same() -> None:
    assert of(Old(Chat("1"), "hello")) == of(New("hello", NewChat("1")))
    assert of(Old(Chat("1"), "hello", ["2"])) == of(New("hello", NewChat("1"), mentions=["2"]))


def test_another_content_is_another() -> None:
    one = New("hello", NewChat("1"))
    others = [
        New("hallo", NewChat("1")),
        New("hello", NewChat("2")),
        New("hello", NewChat("1", via="x")),
        New("hello", NewChat("1"), preview=True),
        New("hello", NewChat("1"), people=[NewChat("1")]),
        New("hello", NewChat("1"), people=[NewChat("2")]),
    ]
    assert len({of(one), of(one, "aa"), fingerprint("send-voice", one, ""), *map(of, others)}) == 9
