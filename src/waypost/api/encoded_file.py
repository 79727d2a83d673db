"""Files that come as text, in JSON or a form: base64 or a data: URI, as browsers and clients write them."""

import binascii
import re
from urllib.parse import unquote, unquote_to_bytes

from waypost.errors import InvalidRequest

NOT_BASE64 = "The file must be base64 or a data: URI, or a part of a multipart/form-data body."

_DATA_URI = re.compile(r"data:([^,]{0,256}),", re.IGNORECASE)
_BLANKS = " \t\r\n"
_NO_BLANKS = str.maketrans("", "", _BLANKS)
_URL_SAFE = str.maketrans("-_", "+/")
# Decoded at a time, so that the loop, which waits for the thread's lock on Python, is kept for 5 ms at most.
_PIECE = 1024 * 1024


def decode_file(text: str, field: str) -> bytes:
    """The bytes of a base64 text or a data: URI. Raises InvalidRequest on `field`."""
    uri = _DATA_URI.match(text)
    if uri is not None:
        text = text[uri.end() :]
        if not uri[1].lower().rstrip().endswith(";base64"):
            return unquote_to_bytes(text)
        text = unquote(text) if "%" in text else text
    if any(blank in text for blank in _BLANKS):
        text = text.translate(_NO_BLANKS)
    if "-" in text or "_" in text:
        text = text.translate(_URL_SAFE)
    text = text.rstrip("=")
    try:
        if "=" in text:
            raise ValueError("padding in the middle")
        return b"".join(_from_base64(text[start : start + _PIECE]) for start in range(0, len(text), _PIECE))
    except (binascii.Error, ValueError):
        raise InvalidRequest({field: [NOT_BASE64]}) from None


def _from_base64(text: str) -> bytes:
    return binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
