from typing import Final

from waypost.otp.code import digest
from waypost.otp.otp import OtpStore

# The gateway's key serves others too: this one is made of it, and is no use to them.
_PURPOSE: Final = "one-time codes"


class Keys:
    """The key of the hashes, read once."""

    def __init__(self, store: OtpStore) -> None:
        self._store = store
        self._key: bytes | None = None

    async def get(self) -> bytes:
        """The key. Raises StorageError."""
        if self._key is None:
            self._key = digest(await self._store.key(), _PURPOSE)
        return self._key
