"""send-location: a pin on the map."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from waypost.address import parse_chat_id
from waypost.engine.port import Content
from waypost.operations.fields import ChatId, ReplyTo, checked_reply
from waypost.operations.one_message import OneMessage, Staged, Stored
from waypost.operations.shapes import MessageResult


class SendLocationFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    chatId: ChatId
    latitude: Annotated[float, Meta(description="Degrees north.", ge=-90, le=90)]
    longitude: Annotated[float, Meta(description="Degrees east.", ge=-180, le=180)]
    title: Annotated[str | None, Meta(description="The name of the place.")] = None
    reply_to: ReplyTo = None


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """The place as it was sent."""

    degreesLatitude: float
    degreesLongitude: float
    name: str | UnsetType = UNSET


class LocationContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the message holds."""

    locationMessage: Location


class SendLocationResult(MessageResult, frozen=True, kw_only=True):
    """`response_body` of a location that was sent."""

    message: LocationContent


class SendLocationPayload(Stored, frozen=True, kw_only=True):
    """What is stored of the call."""

    latitude: float
    longitude: float
    title: str | None = None


def accept(fields: SendLocationFields) -> SendLocationPayload:
    """Check the fields. Raises InvalidRequest."""
    return SendLocationPayload(
        chat=str(parse_chat_id(fields.chatId)),
        reply_to=checked_reply(fields.reply_to),
        latitude=fields.latitude,
        longitude=fields.longitude,
        title=fields.title,
    )


def content(payload: SendLocationPayload, staged: Staged) -> Content:
    """The message."""
    return {
        "locationMessage": {
            "degreesLatitude": payload.latitude,
            "degreesLongitude": payload.longitude,
            "name": payload.title,
        }
    }


def shown(payload: SendLocationPayload, staged: Staged) -> LocationContent:
    """The message as the result shows it."""
    place = Location(
        degreesLatitude=payload.latitude,
        degreesLongitude=payload.longitude,
        name=payload.title or UNSET,
    )
    return LocationContent(locationMessage=place)


SEND_LOCATION = OneMessage(
    name="send-location",
    summary="Send a location",
    fields=SendLocationFields,
    payload=SendLocationPayload,
    result=SendLocationResult,
    accept=accept,
    content=content,
    shown=shown,
).write()
