import re

from fuzz.target import Choices, Target
from waypost.operations.vcard import display_name, vcard_of

_WAID = re.compile(r"TEL;type=CELL;type=VOICE(?:;waid=[0-9]+)?:.*", re.DOTALL)


def check(data: bytes) -> None:
    """The input is a card by itself, and the four fields of one, a line each."""
    text = data.decode("utf-8", "replace")
    display_name(text)
    choices = Choices(data)
    name, number, organization, account = (
        choices.take(choices.number(60)).decode("utf-8", "replace") for _ in range(4)
    )
    card = vcard_of(name, number, organization or None, account or None)
    lines = card.split("\n")
    assert len(lines) == 6 + bool(organization), "a field wrote a line of its own"
    assert "\r" not in card
    assert _WAID.fullmatch(lines[-2]), lines[-2]
    plain = name.replace("\r\n", "\n").replace("\r", "\n")
    assert display_name(card) == plain.strip()


def _card(*fields: str) -> bytes:
    return b"".join(bytes((len(field.encode()),)) + field.encode() for field in fields)


TARGET = Target(
    promise="a field writes no line but its own into a vCard, and its name is read back as it was given",
    check=check,
    seeds=lambda: [
        b"BEGIN:VCARD\r\nVERSION:3.0\r\nitem1.FN;CHARSET=UTF-8:An\r\n n\\, Lee\r\nEND:VCARD",
        _card("Ann; Lee, Dr.", "+49 151 1", "A\\B\nC", "49151@c.us"),
        _card("\r\nFN:Eve", "1\nEND:VCARD", "", "\u0664\u0669"),
    ],
    longest=400,
    rate=1500,
)
