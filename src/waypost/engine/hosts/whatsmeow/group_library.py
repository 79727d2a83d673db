"""The library's functions for groups, as neonize 0.5.2 exports them."""

import ctypes
from collections.abc import Callable
from typing import Any

_TEXT = ctypes.c_char_p
_BLOB = (ctypes.c_char_p, ctypes.c_int)

Declare = Callable[..., None]


class GroupFunctions:
    """Each takes the client's id, as `Library` says; JIDs are protobufs. What returns a text returns the
    error, or nothing; the others return protobufs that hold it."""

    def __init__(self, lib: Any, returns_bytes: Declare, returns_text: Declare) -> None:
        self._lib = lib
        returns_bytes("CreateGroup", _TEXT, *_BLOB)
        returns_bytes("GetGroupInfo", _TEXT, *_BLOB)
        returns_bytes("GetJoinedGroups", _TEXT)
        returns_bytes("UpdateGroupParticipants", _TEXT, *_BLOB, *_BLOB, _TEXT)
        returns_bytes("GetGroupInviteLink", _TEXT, *_BLOB, ctypes.c_bool)
        returns_bytes("JoinGroupWithLink", _TEXT, _TEXT)
        returns_bytes("SetGroupPhoto", _TEXT, *_BLOB, *_BLOB)
        returns_bytes("GetProfilePicture", _TEXT, *_BLOB, *_BLOB)
        returns_text("LeaveGroup", _TEXT, *_BLOB)
        returns_text("SetGroupName", _TEXT, *_BLOB, _TEXT)
        returns_text("SetGroupTopic", _TEXT, *_BLOB, _TEXT, _TEXT, _TEXT)
        returns_text("SetGroupLocked", _TEXT, *_BLOB, ctypes.c_bool)
        returns_text("SetGroupAnnounce", _TEXT, *_BLOB, ctypes.c_bool)

    def create(self, client: bytes, request: bytes) -> bytes:
        """GetGroupInfoReturnFunction for a ReqCreateGroup."""
        return bytes(self._lib.CreateGroup(client, request, len(request)))

    def info(self, client: bytes, group: bytes) -> bytes:
        """GetGroupInfoReturnFunction."""
        return bytes(self._lib.GetGroupInfo(client, group, len(group)))

    def joined(self, client: bytes) -> bytes:
        """GetJoinedGroupsReturnFunction."""
        return bytes(self._lib.GetJoinedGroups(client))

    def update(self, client: bytes, group: bytes, members: bytes, action: str) -> bytes:
        """UpdateGroupParticipantsReturnFunction; `members` is a JIDArray."""
        answer = self._lib.UpdateGroupParticipants(
            client, group, len(group), members, len(members), action.encode()
        )
        return bytes(answer)

    def invite(self, client: bytes, group: bytes, renew: bool) -> bytes:
        """GetGroupInviteLinkReturnFunction."""
        return bytes(self._lib.GetGroupInviteLink(client, group, len(group), renew))

    def join(self, client: bytes, code: str) -> bytes:
        """JoinGroupWithLinkReturnFunction."""
        return bytes(self._lib.JoinGroupWithLink(client, code.encode()))

    def set_picture(self, client: bytes, group: bytes, jpeg: bytes) -> bytes:
        """SetGroupPhotoReturnFunction."""
        return bytes(self._lib.SetGroupPhoto(client, group, len(group), jpeg, len(jpeg)))

    def picture(self, client: bytes, group: bytes, extra: bytes) -> bytes:
        """GetProfilePictureReturnFunction; `extra` is a GetProfilePictureParams."""
        return bytes(self._lib.GetProfilePicture(client, group, len(group), extra, len(extra)))

    def leave(self, client: bytes, group: bytes) -> str:
        """Leave the group."""
        return _text(self._lib.LeaveGroup(client, group, len(group)))

    def set_subject(self, client: bytes, group: bytes, subject: str) -> str:
        """Rename the group."""
        return _text(self._lib.SetGroupName(client, group, len(group), subject.encode()))

    def set_description(self, client: bytes, group: bytes, description: str) -> str:
        """Describe the group; the library looks up the former description's id and makes the new one's."""
        return _text(self._lib.SetGroupTopic(client, group, len(group), b"", b"", description.encode()))

    def set_locked(self, client: bytes, group: bytes, locked: bool) -> str:
        """Let only admins change the group's facts, or everybody."""
        return _text(self._lib.SetGroupLocked(client, group, len(group), locked))

    def set_announce(self, client: bytes, group: bytes, announce: bool) -> str:
        """Let only admins write, or everybody."""
        return _text(self._lib.SetGroupAnnounce(client, group, len(group), announce))


def _text(answer: Any) -> str:
    return bytes(answer).decode(errors="replace")
