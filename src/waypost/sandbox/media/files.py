"""Encrypted media as files named by their hash."""

import asyncio
import base64
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path


class MediaFiles:
    """The folder of uploads. A token is the base64url SHA-256 of a file's bytes, without padding."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit

    async def keep(self, token: str, chunks: AsyncIterator[bytes]) -> int | None:
        """Store an upload under its token and return its size; None when it is too large or its hash is
        another."""
        partial = self._folder / f"{os.urandom(8).hex()}.partial"
        digest, size = hashlib.sha256(), 0
        try:
            with partial.open("xb") as file:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > self._limit:
                        return None
                    digest.update(chunk)
                    await asyncio.to_thread(file.write, chunk)
            if token_of(digest.digest()) != token:
                return None
            partial.replace(self._folder / token)
            return size
        finally:
            partial.unlink(missing_ok=True)

    def path(self, token: str) -> Path | None:
        """The file of a token; None when there is none (or the token is not one)."""
        if not is_token(token):
            return None
        path = self._folder / token
        return path if path.is_file() else None

    def put(self, blob: bytes) -> str:
        """Store what the sandbox itself uploads; blocks. Returns the token."""
        token = token_of(hashlib.sha256(blob).digest())
        partial = self._folder / f"{os.urandom(8).hex()}.partial"
        partial.write_bytes(blob)
        partial.replace(self._folder / token)
        return token

    def read(self, token: str) -> bytes | None:
        """The bytes of a token; blocks."""
        path = self.path(token)
        return None if path is None else path.read_bytes()


def token_of(sha256: bytes) -> str:
    """The token of a SHA-256 (32 bytes)."""
    return base64.urlsafe_b64encode(sha256).rstrip(b"=").decode("ascii")


def is_token(text: str) -> bool:
    """Whether `text` could be a token; anything else must not become a path."""
    return len(text) == 43 and text.isascii() and text.replace("-", "").replace("_", "").isalnum()
