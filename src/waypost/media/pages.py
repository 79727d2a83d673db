"""The head of a web page, read for a link preview. Blocks, and reads hostile bytes: a worker runs it.

Only what comes before the page's body counts, and only its first part is looked at: the words that a page has
for link previews (Open Graph, ogp.me) stand at its beginning.
"""

import codecs
import re
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

from waypost.errors import NOT_PAGE, MediaError
from waypost.media.page import Page
from waypost.media.sniff import SNIFF_BYTES, sniff

_READ: Final = 512 * 1024
"""Bytes; pages of the largest sites have their words behind half a megabyte of scripts, most in 20 kB."""
_PIECE: Final = 16 * 1024
_TITLE: Final = 300
_DESCRIPTION: Final = 1000
"""Characters; phones show far less."""
_LONGEST_URL: Final = 8192
_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w-]{1,40})", re.IGNORECASE)

_TITLES: Final = ("og:title", "twitter:title")
_DESCRIPTIONS: Final = ("og:description", "twitter:description", "description")
_IMAGES: Final = ("og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src")


def read_page(source: Path) -> Page:
    """What the page in `source` says of itself. Raises MediaError(NOT_PAGE) when it is none."""
    with source.open("rb") as file:
        data = file.read(_READ)
    if sniff(data[:SNIFF_BYTES]) != "html":
        raise MediaError(NOT_PAGE)
    head = _Head()
    text = data.decode(_encoding(data), "replace")
    with suppress(AssertionError):  # what the parser says to markup that it can't follow; what it read counts
        for start in range(0, len(text), _PIECE):
            head.feed(text[start : start + _PIECE])
            if head.over:
                break
    image = head.first(_IMAGES)
    return Page(
        title=_clipped(head.first(_TITLES) or head.title, _TITLE),
        description=_clipped(head.first(_DESCRIPTIONS), _DESCRIPTION),
        image=image if 0 < len(image) <= _LONGEST_URL else None,
    )


class _Head(HTMLParser):
    """Collects a page's title and what its `meta` elements say; the first of a name counts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.over = False
        self._said: dict[str, str] = {}
        self._in_title = False

    def first(self, names: tuple[str, ...]) -> str:
        """What is said under the first of `names` that has anything."""
        return next((self._said[name] for name in names if self._said.get(name)), "")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.over:
            return
        if tag == "title":
            self._in_title = not self.title
        elif tag == "body":
            self.over = True
        elif tag == "meta":
            found = dict(attrs)
            name = (found.get("property") or found.get("name") or "").lower()
            self._said.setdefault(name, (found.get("content") or "").strip())

    def handle_endtag(self, tag: str) -> None:
        self._in_title = self._in_title and tag != "title"
        self.over = self.over or tag == "head"

    def handle_data(self, data: str) -> None:
        if self._in_title and len(self.title) <= _TITLE:
            self.title += data


def _encoding(data: bytes) -> str:
    for mark, name in ((codecs.BOM_UTF8, "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return name
    found = _CHARSET.search(data[: 4 * SNIFF_BYTES])
    try:
        # Some codecs are not of text, or could read a bomb.
        known = codecs.lookup(found[1].decode()) if found else None
    except LookupError:
        known = None
    return known.name if known is not None and known._is_text_encoding else "utf-8"


def _clipped(text: str, most: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"
