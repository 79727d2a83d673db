"""What a message is and says, read from its JSON (see `engine.names`), whoever sent it."""

import base64
import binascii
import re
from typing import Any, Final

import msgspec

from waypost.engine.port import Content


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A message's file as its sender describes it; `size` in bytes, `waveform` 64 values in base64."""

    mimetype: str
    filename: str | None = None
    size: int | None = None
    seconds: int | None = None
    waveform: str | None = None


class Quoted(msgspec.Struct, frozen=True, kw_only=True):
    """The message that is answered, as much of it as the answer carries."""

    id: str
    participant: str | None
    body: str


class About(msgspec.Struct, frozen=True, kw_only=True):
    """The name of the message that a reaction, an edit, a revocation or a vote is about, as its sender sees
    it: `from_me` is the sender's own."""

    id: str
    chat: str
    from_me: bool
    participant: str | None


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """A question; `selectable` is how many options may be chosen, 0 for any."""

    name: str
    options: list[str]
    selectable: int


class Vote(msgspec.Struct, frozen=True, kw_only=True):
    """A sealed vote, and when it was given (epoch milliseconds)."""

    payload: bytes
    iv: bytes
    at_ms: int


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """What changes another message, sealed with that one's secret. `kind` says how, as the network calls it:
    MESSAGE_EDIT, EVENT_EDIT, POLL_EDIT, …"""

    kind: str
    payload: bytes
    iv: bytes


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A place on earth, in degrees."""

    latitude: float
    longitude: float
    description: str | None


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a message is. `kind` is one of `KINDS`, or unknown; `body` is its text or caption. `edited` is
    what an edit puts into the place of what was there, `sealed` what could not be opened of it."""

    kind: str
    body: str = ""
    file: File | None = None
    quoted: Quoted | None = None
    about: About | None = None
    poll: Poll | None = None
    vote: Vote | None = None
    place: Place | None = None
    vcards: list[str] = []
    edited: Content | None = None
    sealed: Sealed | None = None


_KIND_OF_PART: Final = {
    "conversation": "text",
    "extendedTextMessage": "text",
    "imageMessage": "image",
    "videoMessage": "video",
    "ptvMessage": "ptv",
    "audioMessage": "audio",
    "documentMessage": "document",
    "stickerMessage": "sticker",
    "locationMessage": "location",
    "liveLocationMessage": "live_location",
    "contactMessage": "contact",
    "contactsArrayMessage": "contacts",
    "reactionMessage": "reaction",
    "pollCreationMessage": "poll",
    "pollCreationMessageV2": "poll",
    "pollCreationMessageV3": "poll",
    "pollCreationMessageV5": "poll",
    "pollUpdateMessage": "vote",
    "buttonsResponseMessage": "text",
    "listResponseMessage": "text",
    "templateButtonReplyMessage": "text",
    "interactiveResponseMessage": "text",
    "groupInviteMessage": "group_invite",
    "eventMessage": "event",
}
_WRAPPERS: Final = frozenset(
    {
        "ephemeralMessage",
        "viewOnceMessage",
        "viewOnceMessageV2",
        "viewOnceMessageV2Extension",
        "documentWithCaptionMessage",
        "editedMessage",
    }
)
KINDS: Final = frozenset(_KIND_OF_PART.values()) | {"voice", "edit", "revoke"}
ABOUT_OTHERS: Final = frozenset({"reaction", "edit", "revoke", "vote"})
"""Kinds that are no messages of their own: they change or answer another one."""
_WITH_FILE: Final = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "ptv": "video/mp4",
    "audio": "audio/ogg",
    "voice": "audio/ogg; codecs=opus",
    "document": "application/octet-stream",
    "sticker": "image/webp",
}
_MIMETYPE: Final = re.compile(
    r"[\w.+-]{1,80}/[\w.+-]{1,80}(; ?[\w-]{1,20}=\"?[\w.,-]{1,40}\"?){0,3}", re.ASCII
)
# Where the text of a part is, first come first served.
_TEXTS: Final = (
    "text",
    "caption",
    "selectedDisplayText",
    "name",
    "displayName",
    "title",
    "description",
    "groupName",
)


def unwrapped(names: Content) -> Content:
    """A message out of its wrappers."""
    for name, part in names.items():
        if name in _WRAPPERS and isinstance(part, dict) and isinstance(part.get("message"), dict):
            return unwrapped(part["message"])
    return names


def read(names: Content) -> Reading:
    """What the message is. Whatever a stranger may have put into it, this raises nothing."""
    for name, part in names.items():
        if name == "conversation":
            return Reading(kind="text", body=_text(part))
        if not isinstance(part, dict):
            continue
        if name in _WRAPPERS and isinstance(part.get("message"), dict):
            return read(part["message"])
        if name == "protocolMessage":
            return _protocol(part)
        if name == "secretEncryptedMessage":
            return _secret(part)
        if name in _KIND_OF_PART:
            return _read(_KIND_OF_PART[name], part)
    return Reading(kind="unknown")


def _read(kind: str, part: Content) -> Reading:
    if kind == "audio" and part.get("ptt") is True:
        kind = "voice"
    if kind == "vote":
        return Reading(kind=kind, about=_about(part.get("pollCreationMessageKey")), vote=_vote(part))
    return Reading(
        kind=kind,
        body=_body(part),
        file=_file(kind, part),
        quoted=_quoted(part.get("contextInfo")),
        about=_about(part.get("key")) if kind == "reaction" else None,
        poll=_poll(part) if kind == "poll" else None,
        place=_place(part),
        vcards=_vcards(part),
    )


def _protocol(part: Content) -> Reading:
    about, edited = _about(part.get("key")), part.get("editedMessage")
    if isinstance(edited, dict):
        inner = read(edited)
        return msgspec.structs.replace(inner, kind="edit", about=about, edited=edited, file=None)
    return Reading(kind="revoke", about=about) if about is not None else Reading(kind="unknown")


def _secret(part: Content) -> Reading:
    about, kind = _about(part.get("targetMessageKey")), _text(part.get("secretEncType"))
    if about is None:
        return Reading(kind="unknown")
    sealed = Sealed(kind=kind, payload=_bytes(part.get("encPayload")), iv=_bytes(part.get("encIv")))
    return Reading(kind="edit", about=about, sealed=sealed)


def _body(part: Content) -> str:
    found = next((part[name] for name in _TEXTS if part.get(name)), None)
    inner = part.get("body")
    return _text(inner.get("text")) if found is None and isinstance(inner, dict) else _text(found)


def _file(kind: str, part: Content) -> File | None:
    if kind not in _WITH_FILE or not part.get("mediaKey"):
        return None
    return File(
        mimetype=_mimetype(part.get("mimetype"), _WITH_FILE[kind]),
        filename=_text(part.get("fileName")) or _text(part.get("title")) or None,
        size=_number(part.get("fileLength")),
        seconds=_number(part.get("seconds")) if kind in ("voice", "audio", "video", "ptv") else None,
        waveform=_text(part.get("waveform")) or None,
    )


def _quoted(context: Any) -> Quoted | None:
    if not isinstance(context, dict) or not context.get("stanzaId"):
        return None
    message = context.get("quotedMessage")
    return Quoted(
        id=_text(context["stanzaId"]),
        participant=_text(context.get("participant")) or None,
        body=read(message).body if isinstance(message, dict) else "",
    )


def _about(key: Any) -> About | None:
    if not isinstance(key, dict) or not key.get("id"):
        return None
    return About(
        id=_text(key["id"]),
        chat=_text(key.get("remoteJid")),
        from_me=key.get("fromMe") is True,
        participant=_text(key.get("participant")) or None,
    )


def _poll(part: Content) -> Poll:
    options = part.get("options")
    found = options if isinstance(options, list) else []
    return Poll(
        name=_text(part.get("name")),
        options=[_text(one.get("optionName")) for one in found if isinstance(one, dict)],
        selectable=_number(part.get("selectableOptionsCount")) or 0,
    )


def _vote(part: Content) -> Vote | None:
    sealed = part.get("vote")
    if not isinstance(sealed, dict):
        return None
    payload, iv = _bytes(sealed.get("encPayload")), _bytes(sealed.get("encIv"))
    return Vote(payload=payload, iv=iv, at_ms=_number(part.get("senderTimestampMs")) or 0)


def _place(part: Content) -> Place | None:
    latitude, longitude = part.get("degreesLatitude"), part.get("degreesLongitude")
    if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        return None
    described = _text(part.get("name")) or _text(part.get("address")) or _text(part.get("caption"))
    return Place(latitude=latitude, longitude=longitude, description=described or None)


def _vcards(part: Content) -> list[str]:
    several = part.get("contacts")
    cards = several if isinstance(several, list) else [part]
    return [_text(one["vcard"]) for one in cards if isinstance(one, dict) and one.get("vcard")]


def _mimetype(value: Any, usual: str) -> str:
    """What the sender says it is, as far as that may stand in a header of HTTP."""
    text = _text(value)
    if not text:
        return usual
    return text if _MIMETYPE.fullmatch(text) else "application/octet-stream"


def _text(value: Any) -> str:
    """A text without NUL, which PostgreSQL has no place for."""
    return value.replace("\0", "") if isinstance(value, str) else ""


def _number(value: Any) -> int | None:
    """A number, or a text of one as 64 bits are written; None for one that databases have no place for."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        value = int(value)
    return int(value) if isinstance(value, int | float) and abs(value) < 2**63 else None


def _bytes(value: Any) -> bytes:
    try:
        return base64.b64decode(_text(value), validate=True)
    except binascii.Error:
        return b""
