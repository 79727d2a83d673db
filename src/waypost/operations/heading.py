from typing import NamedTuple

import msgspec

from waypost.address import Jid
from waypost.engine.port import Quote
from waypost.operations.quote import REPLY_NOT_FOUND, find_quote
from waypost.operations.recipient import find_recipient
from waypost.operations.resources import Resources
from waypost.outbox.request import Request


class Heading(msgspec.Struct, frozen=True, kw_only=True):
    """Where a message goes, and in reply to what; stored between `stage` and `perform`."""

    jid: str
    quote: Quote | None = None
    warnings: list[str] = []


class Found(NamedTuple):
    """A heading, and the name under which requests to its chat keep their order."""

    heading: Heading
    chat_key: str


async def find_heading(resources: Resources, request: Request, chat: str, reply_to: str | None) -> Found:
    """Ask about the recipient, and look up what is replied to. Raises EngineError."""
    contact = await find_recipient(resources, request.instance_id, Jid.parse(chat))
    quote = await find_quote(resources, request.instance_id, Jid.parse(contact.jid), reply_to)
    unquoted = reply_to is not None and quote is None
    heading = Heading(jid=contact.jid, quote=quote, warnings=[REPLY_NOT_FOUND] if unquoted else [])
    return Found(heading, contact.lid or contact.jid)
