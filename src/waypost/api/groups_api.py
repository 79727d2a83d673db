"""Reading groups: answered directly, from the network itself.

What changes groups is queued and stands with the other operations.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from waypost.api.endpoint import BASE, Call, Endpoint
from waypost.api.fields import FieldsReader
from waypost.api.replies import Reply
from waypost.api.writes import query_of
from waypost.engine.groups import GetGroup, GetInvite, GetPicture, ListGroups
from waypost.instances.asking import Asking
from waypost.operations.group_shapes import Group, group_id, shown_group

_LIMIT: Final = 100
_MOST: Final = 1000
_TAG: Final = "Groups"


class GroupPage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of all groups, by name."""

    message: str
    data: list[Group]


class GroupFound(msgspec.Struct, frozen=True, kw_only=True):
    """One group."""

    message: str
    data: Group


class InviteLink(msgspec.Struct, frozen=True, kw_only=True):
    """The link that lets whoever has it in."""

    link: str


class GroupPicture(msgspec.Struct, frozen=True, kw_only=True):
    """Where the picture of a group lies, for some hours; both null when it has none."""

    picture_id: str | None
    url: str | None


class GroupsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The query of groups/get-all."""

    limit: Annotated[
        Annotated[int, Meta(ge=1, le=_MOST)] | None,
        Meta(description=f"Groups per page; {_LIMIT} unless given."),
    ] = None
    offset: Annotated[
        Annotated[int, Meta(ge=0, le=2**31)] | None, Meta(description="How many to pass over.")
    ] = None


class GroupQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The query of calls about one group."""

    chat_id: Annotated[str, Meta(description="The group: <id>@g.us.")]


class GroupsApi:
    """The endpoints that read groups."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._groups = FieldsReader(GroupsQuery)
        self._group = FieldsReader(GroupQuery)

    def endpoints(self) -> list[Endpoint]:
        """All of them."""
        base = f"{BASE}/{{instance}}/groups"
        return [
            Endpoint(
                method="GET",
                path=f"{base}/get-all",
                summary="List the groups that the account is in",
                scope="read",
                answer=self.every,
                tag=_TAG,
                fields=GroupsQuery,
                fields_in="query",
                result=GroupPage,
            ),
            Endpoint(
                method="GET",
                path=f"{base}/get",
                summary="Show a group with its members",
                scope="read",
                answer=self.one,
                tag=_TAG,
                fields=GroupQuery,
                fields_in="query",
                result=GroupFound,
            ),
            Endpoint(
                method="GET",
                path=f"{base}/invite-link",
                summary="Show the invite link of a group",
                scope="read",
                answer=self.invite,
                tag=_TAG,
                fields=GroupQuery,
                fields_in="query",
                result=InviteLink,
            ),
            Endpoint(
                method="GET",
                path=f"{base}/picture",
                summary="Show where the picture of a group lies",
                scope="read",
                answer=self.picture,
                tag=_TAG,
                fields=GroupQuery,
                fields_in="query",
                result=GroupPicture,
            ),
        ]

    async def every(self, call: Call) -> Reply:
        """GET groups/get-all"""
        wanted = self._groups.read(query_of(call).fields)
        limit, offset = wanted.limit or _LIMIT, wanted.offset or 0
        found = (await self._asking.groups(call.of.id, ListGroups())).groups
        ordered = sorted(found, key=lambda group: (group.subject.casefold(), group.jid))
        data = [shown_group(group) for group in ordered[offset : offset + limit]]
        return Reply(body=GroupPage(message="Groups retrieved successfully.", data=data))

    async def one(self, call: Call) -> Reply:
        """GET groups/get"""
        answer = await self._asking.groups(call.of.id, GetGroup(group=self._named(call)))
        data = shown_group(answer.groups[0])
        return Reply(body=GroupFound(message="Group retrieved successfully.", data=data))

    async def invite(self, call: Call) -> Reply:
        """GET groups/invite-link"""
        answer = await self._asking.groups(call.of.id, GetInvite(group=self._named(call)))
        return Reply(body=InviteLink(link=answer.link or ""))

    async def picture(self, call: Call) -> Reply:
        """GET groups/picture"""
        answer = await self._asking.groups(call.of.id, GetPicture(group=self._named(call)))
        return Reply(body=GroupPicture(picture_id=answer.picture_id, url=answer.picture_url))

    def _named(self, call: Call) -> str:
        return group_id(self._group.read(query_of(call).fields).chat_id, "chat_id")
