"""group-picture: another picture for a group, from any image.

The library can't take a picture away (it sends an empty one instead of none), so there is no call that does.
"""

import asyncio
from pathlib import Path

import msgspec

from waypost.engine.groups import GroupAnswer, SetPicture
from waypost.instances.instance import Instance
from waypost.operations.file_message import FileField, FileUrl
from waypost.operations.group_act import Doing, GroupAct, GroupStored, StagedMembers
from waypost.operations.group_shapes import GroupId, group_id
from waypost.operations.kind import FilePolicy
from waypost.operations.resources import Resources
from waypost.outbox.request import Request, Upload


class GroupPictureFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    chatId: GroupId
    url: FileUrl = None
    file: FileField = None


class GroupPicturePayload(GroupStored, frozen=True, kw_only=True):
    """What is stored of the call."""

    url: str | None = None


class GroupPictureResult(msgspec.Struct, frozen=True, kw_only=True):
    """The id that WhatsApp gave the picture."""

    picture_id: str


def accept(fields: GroupPictureFields, upload: Upload | None, instance: Instance) -> GroupPicturePayload:
    """Check the fields. Raises InvalidRequest."""
    return GroupPicturePayload(chat=group_id(fields.chatId), url=fields.url if upload is None else None)


async def make(resources: Resources, request: Request, payload: GroupPicturePayload) -> None:
    """Fetch it and make the square JPEG that phones show. Raises FetchError, MediaError, OutboxError."""
    async with resources.source(request, payload.url) as source:
        await resources.converter.picture(source, _path(resources, request), "portrait")


async def load(resources: Resources, request: Request, payload: GroupPicturePayload) -> bytes:
    """The JPEG; one that a power cut took is made again."""
    path = _path(resources, request)
    if not await asyncio.to_thread(path.is_file):
        await make(resources, request, payload)
    return await asyncio.to_thread(path.read_bytes)


def order(payload: GroupPicturePayload, doing: Doing) -> SetPicture:
    """What the session is told."""
    return SetPicture(group=payload.chat, jpeg=doing.file)


def shown(payload: GroupPicturePayload, staged: StagedMembers, answer: GroupAnswer) -> GroupPictureResult:
    """The result."""
    return GroupPictureResult(picture_id=answer.picture_id or "")


def _path(resources: Resources, request: Request) -> Path:
    return resources.workshop / f"{request.uuid}.file"


GROUP_PICTURE = GroupAct(
    name="group-picture",
    summary="Give a group another picture",
    fields=GroupPictureFields,
    payload=GroupPicturePayload,
    result=GroupPictureResult,
    accept=accept,
    order=order,
    make=make,
    load=load,
    shown=shown,
    method="PUT",
    file=FilePolicy(media_type="image/*"),
).write()
