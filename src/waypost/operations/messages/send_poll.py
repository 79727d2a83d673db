"""send-poll: a question with answers to choose from."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from waypost.address import parse_chat_id
from waypost.engine.port import Content
from waypost.errors import InvalidRequest
from waypost.operations.fields import ChatId, ReplyTo, checked_reply
from waypost.operations.one_message import OneMessage, Staged, Stored
from waypost.operations.shapes import MessageResult


class PollFields(msgspec.Struct, frozen=True, kw_only=True):
    """The poll of the call."""

    name: Annotated[str, Meta(description="The question.", min_length=1, max_length=255)]
    options: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=100)]],
        Meta(description="2 to 12 answers.", min_length=2, max_length=12),
    ]
    multipleAnswers: Annotated[bool | None, Meta(description="Whether several may be chosen.")] = None


class SendPollFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    chatId: ChatId
    poll: PollFields
    reply_to: ReplyTo = None


class PollOption(msgspec.Struct, frozen=True, kw_only=True):
    """An answer."""

    optionName: str


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """The poll as it was sent; of `selectableOptionsCount` answers at most, 0 for any number."""

    name: str
    options: list[PollOption]
    selectableOptionsCount: int


class PollContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the message holds: the first for several answers, the other for one."""

    pollCreationMessage: Poll | UnsetType = UNSET
    pollCreationMessageV3: Poll | UnsetType = UNSET


class SendPollResult(MessageResult, frozen=True, kw_only=True):
    """`response_body` of a poll that was sent."""

    message: PollContent


class SendPollPayload(Stored, frozen=True, kw_only=True):
    """What is stored of the call."""

    name: str
    options: list[str]
    several: bool


def accept(fields: SendPollFields) -> SendPollPayload:
    """Check the fields. Raises InvalidRequest."""
    poll = fields.poll
    options = [option.strip() for option in poll.options]
    if not poll.name.strip() or not all(options):
        raise InvalidRequest({"poll": ["The question and the options must say something."]})
    if len(set(options)) < len(options):
        # Votes name an option by its hash: two that are the same could not be told apart.
        raise InvalidRequest({"poll.options": ["The options must differ from each other."]})
    return SendPollPayload(
        chat=str(parse_chat_id(fields.chatId)),
        reply_to=checked_reply(fields.reply_to),
        name=poll.name.strip(),
        options=options,
        several=bool(poll.multipleAnswers),
    )


def content(payload: SendPollPayload, staged: Staged) -> Content:
    """The message."""
    made: Content = msgspec.to_builtins(shown(payload, staged))
    return made


def shown(payload: SendPollPayload, staged: Staged) -> PollContent:
    """The message as the result shows it, which for polls has the protobuf's own names."""
    poll = Poll(
        name=payload.name,
        options=[PollOption(optionName=option) for option in payload.options],
        selectableOptionsCount=0 if payload.several else 1,
    )
    # Phones know a poll with one answer by the third version of the message.
    return (
        PollContent(pollCreationMessage=poll) if payload.several else PollContent(pollCreationMessageV3=poll)
    )


SEND_POLL = OneMessage(
    name="send-poll",
    summary="Send a poll",
    fields=SendPollFields,
    payload=SendPollPayload,
    result=SendPollResult,
    accept=accept,
    content=content,
    shown=shown,
).write()
