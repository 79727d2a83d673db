"""People who are named in a text so that their phones tell them.

A phone shows `@<user>` in the text as a name where `<user>@…` is among the message's mentions. Groups know
their members by LID, so there a number that was named by its digits is renamed, in the text as well.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from waypost.address import Jid, parse_chat_id
from waypost.errors import InvalidRequest
from waypost.operations.recipient import find_recipients
from waypost.operations.resources import Resources
from waypost.outbox.request import Request

MENTION_NOT_FOUND: Final = "mention_not_found"
"""The warning of a message that was sent without naming somebody who is not on WhatsApp."""

_Named = Annotated[str, Meta(description="<number>@c.us, <n>@lid, or a number.")]
Mentions = Annotated[
    Annotated[list[_Named], Meta(max_length=1024)] | None,
    Meta(description="People who are told that the text names them; it holds @<number> for each."),
]


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is named: `user` as the text has it, `jid` the address that the message carries."""

    user: str
    jid: str


def checked_mentions(mentions: Sequence[str] | None) -> list[str]:
    """The JIDs of people, each once. Raises InvalidRequest."""
    jids = [parse_chat_id(text, "mentions") for text in mentions or ()]
    if any(jid.is_group for jid in jids):
        raise InvalidRequest({"mentions": ["A mention must be a person, not a group."]})
    return list(dict.fromkeys(map(str, jids)))


async def find_mentions(
    resources: Resources, request: Request, chat: Jid, asked: Sequence[str]
) -> list[Mention]:
    """The addresses of those who are on WhatsApp. Raises EngineError(NOT_CONNECTED | …)."""
    people = [Jid.parse(one) for one in asked]
    found: list[Mention] = []
    for one, contact in zip(
        people, await find_recipients(resources, request.instance_id, people), strict=True
    ):
        if contact is not None:
            jid = contact.lid if chat.is_group and contact.lid is not None else contact.jid
            found.append(Mention(user=one.user, jid=jid))
    return found


def with_mentions(text: str, mentions: Sequence[Mention]) -> str:
    """The text with everybody named by the address that the message carries."""
    names = {mention.user: Jid.parse(mention.jid).user for mention in mentions}
    return re.sub(r"@\+?(\d+)", lambda named: f"@{names[named[1]]}" if named[1] in names else named[0], text)
