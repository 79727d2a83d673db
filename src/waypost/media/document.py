"""A file that is sent as it is: what it is called, and what it says it is."""

import hashlib
import os
import re
import shutil
from contextlib import suppress
from mimetypes import MimeTypes
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import msgspec

from waypost.errors import EMPTY_FILE, FILE_TOO_LARGE, MediaError
from waypost.media.limits import DOCUMENT_BYTES

OCTETS: Final = "application/octet-stream"
_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
_FURTHER: Final = {
    ".docx": f"{_OFFICE}.wordprocessingml.document",
    ".xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    ".pptx": f"{_OFFICE}.presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".apk": "application/vnd.android.package-archive",
    ".md": "text/markdown",
    ".yaml": "application/yaml",
    ".7z": "application/x-7z-compressed",
    ".rar": "application/vnd.rar",
    ".ogg": "audio/ogg",
    ".webp": "image/webp",
}
_MAGIC: Final = (
    (b"%PDF-", "application/pdf", ".pdf"),
    (b"PK\x03\x04", "application/zip", ".zip"),
    (b"\xff\xd8\xff", "image/jpeg", ".jpg"),
    (b"\x89PNG\r\n\x1a\n", "image/png", ".png"),
    (b"GIF8", "image/gif", ".gif"),
)
_LONGEST_NAME: Final = 255  # characters; what file systems take
_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that turn the order of letters: "fdp.exe" must not look like "exe.pdf"."""


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """`size` in bytes, `sha256` the digest of the file."""

    size: int
    sha256: bytes
    filename: str
    mimetype: str


def to_document(source: Path, target: Path, filename: str | None, mimetype: str | None) -> Document:
    """Make `target` the same file as `source`. Blocks. Raises MediaError: EMPTY_FILE, FILE_TOO_LARGE."""
    with source.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if not size:
            raise MediaError(EMPTY_FILE)
        if size > DOCUMENT_BYTES:
            raise MediaError(FILE_TOO_LARGE, f"The limit is {DOCUMENT_BYTES} bytes.")
        start = file.read(16)
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").digest()
    _place(source, target)
    found = next(((kind, ending) for magic, kind, ending in _MAGIC if start.startswith(magic)), (OCTETS, ""))
    name = filename or f"file{found[1]}"
    named = type_of_name(name) or OCTETS
    kind = mimetype or (found[0] if named == OCTETS else named)
    return Document(size=size, sha256=digest, filename=name, mimetype=kind)


def fit_name(name: str | None) -> str | None:
    """A caller's file name without folders and without what misleads; None when nothing is left."""
    if name is None:
        return None
    last = re.split(r"[/\\]", _UNFIT.sub("", name))[-1].strip()
    return last[-_LONGEST_NAME:] or None


def name_in_url(url: str | None) -> str | None:
    """The file name that a URL ends with, if it ends with one."""
    if url is None:
        return None
    last = fit_name(unquote(urlsplit(url).path))
    return last if last is not None and "." in last else None


def type_of_name(name: str) -> str | None:
    """The media type by the ending of a name, the same on every machine."""
    ending = Path(name).suffix.lower()
    # Without the files of the system, which differ.
    return _FURTHER.get(ending) or MimeTypes(filenames=()).guess_type(f"x{ending}")[0]


def _place(source: Path, target: Path) -> None:
    """A second name for the file where the disk can, since it may be large."""
    target.unlink(missing_ok=True)
    with suppress(OSError):
        os.link(source, target)
        return
    shutil.copyfile(source, target)
