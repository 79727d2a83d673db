"""Fields that many operations have."""

from typing import Annotated

from msgspec import Meta

from waypost.address import parse_message_id

ChatId = Annotated[
    str,
    Meta(
        description="The recipient: <number>@c.us, <n>@lid, <id>@g.us, or a number.",
        examples=["12132132131@c.us"],
    ),
]
ReplyTo = Annotated[str | None, Meta(description="Id of the message that is replied to.")]
MessageId = Annotated[
    str,
    Meta(description="Id of the message: the short one, or true|false_<chatId>_<id>[_<participant>]."),
]


def checked_reply(reply_to: str | None) -> str | None:
    """`reply_to`, when it can be a message's id. Raises InvalidRequest."""
    if reply_to is not None:
        parse_message_id(reply_to, "reply_to")
    return reply_to
