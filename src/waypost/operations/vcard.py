"""vCards as WhatsApp sends them: version 3.0 (RFC 2426), a number's account in the parameter `waid`."""

import re
from typing import Final

_ESCAPED: Final = {"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"}
_ESCAPE: Final = re.compile(r"\\([\\;,nN])")
_FOLDED: Final = re.compile(r"\r?\n[ \t]")  # a long line goes on in the next one (RFC 2425, 5.8.1)
_FULL_NAME: Final = re.compile(r"^(?:[\w-]+\.)?FN(?:;[^:\r\n]*)?:(.*)$", re.IGNORECASE | re.MULTILINE)


def vcard_of(name: str, number: str, organization: str | None, whatsapp_id: str | None) -> str:
    """The vCard of a person. `whatsapp_id` is the account's number (digits, perhaps with `@c.us`): phones
    offer to write to it."""
    digits = re.sub(r"[^0-9]", "", (whatsapp_id or "").partition("@")[0])
    account = f";waid={digits}" if digits else ""
    lines = [
        "BEGIN:VCARD",
        "VERSION:3.0",
        f"N:;{_escaped(name)};;;",
        f"FN:{_escaped(name)}",
        *([f"ORG:{_escaped(organization)};"] if organization else []),
        f"TEL;type=CELL;type=VOICE{account}:{_escaped(number)}",
        "END:VCARD",
    ]
    return "\n".join(lines)


def display_name(vcard: str) -> str:
    """The full name in a vCard; empty when it has none."""
    found = _FULL_NAME.search(_FOLDED.sub("", vcard))
    if found is None:
        return ""
    return _ESCAPE.sub(lambda sign: "\n" if sign[1] in "nN" else sign[1], found[1]).strip()


def _escaped(text: str) -> str:
    return "".join(_ESCAPED.get(sign, sign) for sign in text.replace("\r\n", "\n").replace("\r", "\n"))
