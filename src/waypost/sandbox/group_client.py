"""The control API's calls about groups."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from waypost.sandbox.group_views import GroupPatch, GroupView, InviteView, MembersChange, NewGroup

T = TypeVar("T")
Request = Callable[[str, str, msgspec.Struct | None], Awaitable[bytes]]
"""Method, path and body of a call; gives the answer's body."""


class Groups:
    """Groups of a sandbox. Methods raise SandboxError with the code that the sandbox answered."""

    def __init__(self, request: Request) -> None:
        self._request = request

    async def every(self) -> list[GroupView]:
        """All groups."""
        return _read(await self._request("GET", "/v1/groups", None), list[GroupView])

    async def create(self, group: NewGroup) -> GroupView:
        """Create a group."""
        return _read(await self._request("POST", "/v1/groups", group), GroupView)

    async def get(self, group: str) -> GroupView:
        """A group, by its JID."""
        return _read(await self._request("GET", f"/v1/groups/{group}", None), GroupView)

    async def change(self, group: str, change: GroupPatch) -> GroupView:
        """Change subject, description or settings."""
        return _read(await self._request("PATCH", f"/v1/groups/{group}", change), GroupView)

    async def members(self, group: str, change: MembersChange) -> GroupView:
        """Add, remove, promote or demote members."""
        return _read(await self._request("POST", f"/v1/groups/{group}/members", change), GroupView)

    async def leave(self, group: str, phone: str) -> None:
        """Let a member go."""
        await self._request("POST", f"/v1/groups/{group}/leave/{phone}", None)

    async def join(self, code: str, phone: str) -> GroupView:
        """Let somebody in by the code of an invite link."""
        return _read(await self._request("POST", f"/v1/groups/join/{code}/{phone}", None), GroupView)

    async def invite(self, group: str) -> InviteView:
        """The invite link."""
        return _read(await self._request("GET", f"/v1/groups/{group}/invite", None), InviteView)

    async def remove(self, group: str) -> None:
        """Delete a group; nobody is told."""
        await self._request("DELETE", f"/v1/groups/{group}", None)


def _read(body: bytes, type: type[T]) -> T:
    return msgspec.json.decode(body, type=type)
