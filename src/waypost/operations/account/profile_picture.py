"""profile-picture: another picture for the account, from any image."""

import asyncio
from pathlib import Path

import msgspec

from waypost.engine.account import SetOwnPicture
from waypost.instances.instance import Instance
from waypost.operations.account_act import AccountAct, AccountStored, Doing
from waypost.operations.account_shapes import own
from waypost.operations.file_message import FileField, FileUrl
from waypost.operations.kind import FilePolicy
from waypost.operations.resources import Resources
from waypost.outbox.request import Request, Upload


class ProfilePictureFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    url: FileUrl = None
    file: FileField = None


class ProfilePictureResult(msgspec.Struct, frozen=True, kw_only=True):
    """The id that WhatsApp gave the picture."""

    picture_id: str


def accept(fields: ProfilePictureFields, upload: Upload | None, instance: Instance) -> AccountStored:
    """What is stored: the url, where no file came."""
    return AccountStored(chat=own(instance), value="" if upload is not None else fields.url or "")


async def make(resources: Resources, request: Request, payload: AccountStored) -> None:
    """Fetch it and make the square JPEG that phones show. Raises FetchError, MediaError, OutboxError."""
    async with resources.source(request, payload.value or None) as source:
        await resources.converter.picture(source, _path(resources, request), "portrait")


async def load(resources: Resources, request: Request, payload: AccountStored) -> bytes:
    """The JPEG; one that a power cut took is made again."""
    path = _path(resources, request)
    if not await asyncio.to_thread(path.is_file):
        await make(resources, request, payload)
    return await asyncio.to_thread(path.read_bytes)


async def act(doing: Doing) -> ProfilePictureResult:
    """Set it. Raises EngineError."""
    answer = await doing.session.account(SetOwnPicture(picture=doing.file))
    return ProfilePictureResult(picture_id=answer.picture_id or "")


def _path(resources: Resources, request: Request) -> Path:
    return resources.workshop / f"{request.uuid}.file"


PROFILE_PICTURE = AccountAct(
    name="profile-picture",
    summary="Give the account another picture",
    fields=ProfilePictureFields,
    result=ProfilePictureResult,
    accept=accept,
    act=act,
    make=make,
    load=load,
    method="PUT",
    file=FilePolicy(media_type="image/*"),
).write()
