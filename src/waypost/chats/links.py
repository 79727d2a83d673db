"""Links to files of messages, for whoever gets an event: good without a token, for a time."""

import base64
import hashlib
import hmac
from typing import Any, Final
from urllib.parse import quote

from waypost.chats.store import StoredFile
from waypost.clock import Clock, iso

PATH: Final = "/media"
_PURPOSE: Final = b"waypost media links"


class Links:
    """Makes links that work for `seconds`, and checks them, once it has its key."""

    def __init__(self, base: str, seconds: float, clock: Clock) -> None:
        self._base = base
        self._key = b""
        self._seconds = seconds
        self._clock = clock

    def use_key(self, secret_key: bytes) -> None:
        """Sign with a key that is made of the database's secret."""
        self._key = hmac.digest(secret_key, _PURPOSE, hashlib.sha256)

    def shown(self, file: StoredFile) -> dict[str, Any]:
        """A file as events and the API show it: its link, or the code of why there is none."""
        facts = {"mimetype": file.mimetype, "filename": file.filename, "size": file.size}
        if file.state == "there" and file.blob_id is not None:
            url, expires = self.url(file.key.instance_id, file.blob_id, file.filename)
            return {**facts, "url": url, "urlExpiresAt": iso(expires), "error": None}
        return {**facts, "url": None, "urlExpiresAt": None, "error": file.error or "media_pending"}

    def url(self, instance_id: str, blob_id: str, filename: str | None) -> tuple[str, float]:
        """A link, and when it expires."""
        expires = int(self._clock.now() + self._seconds)
        signature = self._signature(instance_id, blob_id, expires)
        path = f"{PATH}/{instance_id}/{blob_id}/{quote(_as_one_part(filename), safe='')}"
        return f"{self._base}{path}?expires={expires}&signature={signature}", expires

    def good(self, instance_id: str, blob_id: str, expires: str, signature: str) -> bool:
        """Whether a link is one of these and has not expired."""
        if not (expires.isascii() and expires.isdecimal() and len(expires) < 12):
            return False
        wanted = self._signature(instance_id, blob_id, int(expires))
        same = hmac.compare_digest(wanted.encode(), signature.encode())
        return same and int(expires) > self._clock.now()

    def _signature(self, instance_id: str, blob_id: str, expires: int) -> str:
        if not self._key:
            raise AssertionError("no key yet")
        text = f"{instance_id}/{blob_id}/{expires}".encode()
        return base64.urlsafe_b64encode(hmac.digest(self._key, text, hashlib.sha256)).rstrip(b"=").decode()


def _as_one_part(filename: str | None) -> str:
    """A name as one part of a path: whoever sent the file chose it, and servers read %2F as a slash."""
    name = (filename or "").replace("/", "_").replace("\\", "_")
    return name if name.strip(".") else "file"
