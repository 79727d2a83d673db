"""The library's functions for the account itself, as neonize 0.5.2 exports them."""

import ctypes
from collections.abc import Callable
from typing import Any

_TEXT = ctypes.c_char_p
_BLOB = (ctypes.c_char_p, ctypes.c_int)

Declare = Callable[..., None]


class AccountFunctions:
    """Each takes the client's id, as `Library` says; JIDs are protobufs. What returns a text returns the
    error, or nothing; the others return protobufs that hold it."""

    def __init__(self, lib: Any, returns_bytes: Declare, returns_text: Declare) -> None:
        self._lib = lib
        returns_text("SubscribePresence", _TEXT, *_BLOB)
        returns_text("SetPushName", _TEXT, _TEXT)
        returns_text("SetStatusMessage", _TEXT, _TEXT)
        returns_bytes("SetProfilePhoto", _TEXT, *_BLOB)
        returns_bytes("GetProfilePicture", _TEXT, *_BLOB, *_BLOB)
        returns_bytes("GetUserInfo", _TEXT, *_BLOB)
        returns_bytes("GetBlocklist", _TEXT)
        returns_bytes("UpdateBlocklist", _TEXT, *_BLOB, _TEXT)
        returns_bytes("GetAllContacts", _TEXT)
        returns_bytes("GetMe", _TEXT)
        returns_bytes("PairPhone", _TEXT, *_BLOB)

    def watch(self, client: bytes, jid: bytes) -> str:
        """Subscribe to somebody's presence."""
        return self._text(self._lib.SubscribePresence(client, jid, len(jid)))

    def set_name(self, client: bytes, name: str) -> str:
        """Set the name that others see."""
        return self._text(self._lib.SetPushName(client, name.encode()))

    def set_about(self, client: bytes, about: str) -> str:
        """Set the text under the name."""
        return self._text(self._lib.SetStatusMessage(client, about.encode()))

    def set_picture(self, client: bytes, jpeg: bytes) -> bytes:
        """SetGroupPhotoReturnFunction."""
        return bytes(self._lib.SetProfilePhoto(client, jpeg, len(jpeg)))

    def picture(self, client: bytes, jid: bytes, wanted: bytes) -> bytes:
        """GetProfilePictureReturnFunction for GetProfilePictureParams."""
        return bytes(self._lib.GetProfilePicture(client, jid, len(jid), wanted, len(wanted)))

    def users(self, client: bytes, jids: bytes) -> bytes:
        """GetUserInfoReturnFunction; `jids` is a JIDArray."""
        return bytes(self._lib.GetUserInfo(client, jids, len(jids)))

    def blocked(self, client: bytes) -> bytes:
        """GetBlocklistReturnFunction."""
        return bytes(self._lib.GetBlocklist(client))

    def block(self, client: bytes, jid: bytes, blocked: bool) -> bytes:
        """GetBlocklistReturnFunction."""
        action = b"block" if blocked else b"unblock"
        return bytes(self._lib.UpdateBlocklist(client, jid, len(jid), action))

    def contacts(self, client: bytes) -> bytes:
        """ContactsGetAllContactsReturnFunction: the address book in the store."""
        return bytes(self._lib.GetAllContacts(client))

    def own(self, client: bytes) -> bytes:
        """Device: the account as the store has it."""
        return bytes(self._lib.GetMe(client))

    def pair_phone(self, client: bytes, wanted: bytes) -> bytes:
        """PairPhoneReturnFunction for PairPhoneParams."""
        return bytes(self._lib.PairPhone(client, wanted, len(wanted)))

    def _text(self, answer: Any) -> str:
        return bytes(answer).decode(errors="replace")
