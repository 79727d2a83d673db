"""Who a message goes to and what it is called: JIDs, the API's chatId, message ids.

One number has many spellings (`…@c.us` in the API, `…@s.whatsapp.net` on the wire, "+1 (213) 213-2131" on a
business card) and one account may be met as a number or as a LID. Spellings are read here and nowhere else;
whatever passed through here compares equal when it means the same address.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self

import phonenumbers

from waypost.errors import InvalidRequest

CHAT_ID_EXPECTED: Final = (
    "The chatId must be a full international number as <number>@c.us or as bare digits, a <number>@lid,"
    " a group <id>@g.us, or a number written like +1 (213) 213-2131."
)
PHONE_EXPECTED: Final = (
    "The phone must be a full international number with its country code, such as +12132132131."
)
MESSAGE_ID_EXPECTED: Final = (
    "The message id must be short, such as 3EB0C767D26A8A9B, or whole,"
    " as true|false_<chatId>_<id>[_<participant>]."
)

# E.164 numbers have at most 15 digits and never begin with 0; 5 is shorter than any subscriber's number.
_NUMBER: Final = re.compile(r"[1-9][0-9]{4,14}")
_WRITTEN_NUMBER: Final = re.compile(r"\+[0-9\s().\-/\u2010-\u2015]+")
# Marks of writing direction that phones' address books copy along with a number.
_INVISIBLE: Final = dict.fromkeys(
    [0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF]
)
# `user[.agent][:device]@server`. Old groups are named <creator's number>-<time>.
_JID: Final = re.compile(r"([0-9]+(?:-[0-9]+)?|status)(?:\.([0-9]{1,3}))?(?::([0-9]{1,5}))?@([a-z.]+)")
_USER: Final = re.compile(r"[0-9]{1,40}(-[0-9]{1,20})?|status")
_SHORT_ID: Final = re.compile(r"[A-Za-z0-9.\-]{1,128}")


class Server(StrEnum):
    """The part of a JID after the @: what kind of address it is."""

    USER = "s.whatsapp.net"
    LID = "lid"
    GROUP = "g.us"
    BROADCAST = "broadcast"
    NEWSLETTER = "newsletter"
    HOSTED = "hosted"
    HOSTED_LID = "hosted.lid"
    BOT = "bot"
    CALL = "call"


_SERVERS: Final = {server.value: server for server in Server} | {"c.us": Server.USER}


@dataclass(frozen=True, slots=True, order=True)
class Jid:
    """An address on the network: an account, one of its devices, or a group. Device 0 is the phone."""

    user: str
    server: Server
    device: int = 0

    def __post_init__(self) -> None:
        if not _USER.fullmatch(self.user) or not 0 <= self.device <= 65535:
            raise ValueError("A JID is <digits>[:<device>]@<server>.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a JID as the network or the API writes it; `@c.us` and `@s.whatsapp.net` are one server.

        The rarely seen agent (`user.agent:device`) is left out. Raises ValueError.
        """
        match = _JID.fullmatch(text)
        server = _SERVERS.get(match[4]) if match else None
        if match is None or server is None:
            raise ValueError("A JID is <digits>[:<device>]@<server>.")
        return cls(match[1], server, int(match[3] or 0))

    @classmethod
    def of_number(cls, number: str) -> Self:
        """The account of an international number, given as digits."""
        return cls(number, Server.USER)

    def __str__(self) -> str:
        """The form of the wire and of results: `4915112345678:2@s.whatsapp.net`."""
        device = f":{self.device}" if self.device else ""
        return f"{self.user}{device}@{self.server.value}"

    @property
    def chat_id(self) -> str:
        """The form of the API's chatId, without device: numbers as `…@c.us`."""
        return f"{self.user}@{'c.us' if self.server is Server.USER else self.server.value}"

    @property
    def bare(self) -> Self:
        """The account or group itself, without a device."""
        return replace(self, device=0) if self.device else self

    @property
    def is_number(self) -> bool:
        """Whether `user` is a phone number."""
        return self.server is Server.USER

    @property
    def is_lid(self) -> bool:
        """Whether this is an account's LID, which hides its number."""
        return self.server is Server.LID

    @property
    def is_group(self) -> bool:
        """Whether this is a group."""
        return self.server is Server.GROUP


def chat_key(chat: Jid, lid: Jid | None = None) -> str:
    """The name under which requests to one chat keep their order: its LID where known, else its address."""
    return str((lid if lid is not None and chat.is_number else chat).bare)


def parse_chat_id(text: str, field: str = "chatId") -> Jid:
    """Read a recipient: `<n>@c.us`, `@s.whatsapp.net`, `@lid`, `@g.us`, bare digits, "+1 (213) 213-2131".

    Raises InvalidRequest on `field`, saying what is expected.
    """
    text = text.translate(_INVISIBLE).strip()
    if text.startswith("+") and "@" not in text:
        number = _international(text)
    else:
        number = text if _NUMBER.fullmatch(text) else None
    if number is not None:
        return Jid.of_number(number)
    try:
        chat = Jid.parse(text)
    except ValueError:
        raise InvalidRequest({field: [CHAT_ID_EXPECTED]}) from None
    if chat.device or not _may_be_written_to(chat):
        raise InvalidRequest({field: [CHAT_ID_EXPECTED]})
    return chat


def parse_phone(text: str, field: str = "phone") -> str:
    """Read a number written in full ("+1 (213) 213-2131", "+12132132131") and give its digits.

    Raises InvalidRequest on `field`.
    """
    number = _international(text.translate(_INVISIBLE).strip())
    if number is None:
        raise InvalidRequest({field: [PHONE_EXPECTED]})
    return number


@dataclass(frozen=True, slots=True)
class MessageRef:
    """The name of a message: its short `id`, and where and by whom when the whole form was given.

    `participant` is who wrote it in a group. `from_me` and `participant` mean nothing without `chat`.
    """

    id: str
    chat: Jid | None = None
    from_me: bool = False
    participant: Jid | None = None

    def __post_init__(self) -> None:
        if not _SHORT_ID.fullmatch(self.id) or (self.chat is None and (self.from_me or self.participant)):
            raise ValueError(MESSAGE_ID_EXPECTED)

    def __str__(self) -> str:
        """The short form, or the whole one (`true_4915112345678@c.us_3EB0…`) when the chat is known."""
        if self.chat is None:
            return self.id
        parts = ["true" if self.from_me else "false", self.chat.chat_id, self.id]
        return "_".join(parts if self.participant is None else [*parts, self.participant.chat_id])


def parse_message_id(text: str, field: str = "messageId") -> MessageRef:
    """Read a message id in its short or its whole form. Raises InvalidRequest on `field`."""
    parts = text.strip().split("_")
    try:
        if len(parts) == 1:
            return MessageRef(parts[0])
        if len(parts) not in (3, 4) or parts[0] not in ("true", "false"):
            raise ValueError(MESSAGE_ID_EXPECTED)
        participant = Jid.parse(parts[3]).bare if len(parts) == 4 else None
        return MessageRef(parts[2], Jid.parse(parts[1]).bare, parts[0] == "true", participant)
    except ValueError:
        raise InvalidRequest({field: [MESSAGE_ID_EXPECTED]}) from None


def _international(text: str) -> str | None:
    """The digits of a number written with + and any usual punctuation; None when it can't be one."""
    if not _WRITTEN_NUMBER.fullmatch(text):
        return None
    try:
        parsed = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return None
    # "Possible" looks at country code and length alone: number plans change faster than libraries.
    if not phonenumbers.is_possible_number(parsed):
        return None
    digits = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)[1:]
    return digits if _NUMBER.fullmatch(digits) else None


def _may_be_written_to(chat: Jid) -> bool:
    if chat.is_number:
        return _NUMBER.fullmatch(chat.user) is not None
    return chat.is_group or (chat.is_lid and chat.user.isdecimal())
