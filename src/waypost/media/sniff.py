"""What bytes are, by looking at them: enough to tell a page or an API's answer from a file.

A server's content type is not asked: login pages come as audio/mpeg and mp3 files as text/html.
"""

import re
from typing import Final, Literal

Kind = Literal["html", "json", "xml", "other"]

# Bytes from the start that `sniff` needs to see: pages may open with a long comment or licence.
SNIFF_BYTES: Final = 1024

_BYTE_ORDER_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_COMMENTS: Final = re.compile(rb"(?:\s*<!--.*?(?:-->|\Z))*\s*", re.DOTALL)
_HTML: Final = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|title|meta|script|style|div|table|form|iframe|h1|p|br|a|b)(?=[\s/>]|\Z)",
    re.IGNORECASE,
)
_XML: Final = re.compile(rb"<(?:\?xml|!doctype|[A-Za-z_][\w:.-]*(?=[\s/>]))", re.IGNORECASE)
_JSON: Final = re.compile(rb"""\{\s*(?:"|\}\s*\Z)|\[\s*(?:[\[{"\]]|-?[0-9]|true|false|null)""")


def sniff(start: bytes) -> Kind:
    """What a file that begins with `start` (`SNIFF_BYTES` of it, or all) is; "other" covers all media.

    Follows the order of the WHATWG MIME sniffing standard: a page's tags, then XML's, then JSON.
    """
    text = _as_single_bytes(start[:SNIFF_BYTES])
    if b"\x00" in text:
        return "other"
    text = text[_COMMENTS.match(text).end() :]  # type: ignore[union-attr]  # the pattern matches nothing, too
    if _HTML.match(text):
        return "html"
    if _XML.match(text):
        # XHTML opens as XML does.
        return "html" if re.search(rb"<!doctype\s+html|<html[\s>]", text, re.IGNORECASE) else "xml"
    if _JSON.match(text):
        return "json"
    return "other"


def _as_single_bytes(start: bytes) -> bytes:
    """`start` without its byte order mark, UTF-16 brought to one byte per letter."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return start[len(mark) :].decode(encoding, "ignore").encode("utf-8", "ignore")
    return start
