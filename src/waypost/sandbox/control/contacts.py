"""Contacts: create, tune, read their inbox, let them write."""

import asyncio
import sqlite3
from typing import Annotated, Final

import msgspec
from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from waypost.errors import NOT_FOUND, SANDBOX_INVALID, SandboxError
from waypost.sandbox.act_views import Called, CallTo, Tell
from waypost.sandbox.contacts import births, calling, content, sending, worker
from waypost.sandbox.contacts.births import digits
from waypost.sandbox.contacts.fields import fields_of
from waypost.sandbox.control.overview import Net
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.state import inbox, parties
from waypost.sandbox.state.inbox import Received, SentMessage
from waypost.sandbox.state.parties import Party
from waypost.sandbox.views import (
    ContactPatch,
    ContactView,
    Inbox,
    InboxMessage,
    NewContact,
    Send,
    Sent,
    Written,
)
from waypost.sandbox.wire.errors import WireError
from waypost.sandbox.wire.proto.message_pb2 import Message

_PAGE: Final = 200
_LAST: Final = 2**63 - 1
"""The largest number of a message that SQLite takes."""
_LONGEST_WAIT: Final = 60.0
_GROUP: Final = "@g.us"


@get("/v1/contacts")
async def every(network: Net) -> list[ContactView]:
    """All contacts."""
    return await network.store.run(
        lambda rows: [_view(rows, party) for party in parties.every(rows, "contact")]
    )


@post("/v1/contacts")
async def create(network: Net, data: JSONBody[NewContact]) -> ContactView:
    """Create a contact; one that exists takes over name and delays."""
    return await network.store.run(lambda rows: _view(rows, births.add_contact(rows, network, data)))


@get("/v1/contacts/{phone:str}")
async def one(network: Net, phone: FromPath[str]) -> ContactView:
    """A contact."""
    number = digits(phone)
    return await network.store.run(lambda rows: _view(rows, parties.get(rows, number, "contact")))


@patch("/v1/contacts/{phone:str}")
async def tune(network: Net, phone: FromPath[str], data: JSONBody[ContactPatch]) -> ContactView:
    """Change a contact's name and delays, or wipe its Signal sessions."""
    number = digits(phone)
    return await network.store.run(lambda rows: _tune(rows, number, data))


@delete("/v1/contacts/{phone:str}")
async def remove(network: Net, phone: FromPath[str]) -> None:
    """Delete a contact and its inbox: its number is not on the network any more."""
    number = digits(phone)
    await network.store.run(lambda rows: parties.delete(rows, parties.get(rows, number, "contact").number))


@get("/v1/contacts/{phone:str}/inbox")
async def read(
    network: Net,
    phone: FromPath[str],
    after: Annotated[int, QueryParameter(ge=0, le=_LAST)] = 0,
    wait: Annotated[float, QueryParameter(ge=0, le=_LONGEST_WAIT)] = 0.0,
) -> Inbox:
    """Messages behind `after`; without any, wait up to `wait` seconds for the first."""
    number = digits(phone)
    party = await network.store.run(lambda rows: parties.get(rows, number, "contact"))
    messages = await _wait(network, party.number, after, wait)
    views = [_message(row) for row in messages]
    return Inbox(views, views[-1].seq if views else after)


@get("/v1/contacts/{phone:str}/inbox/{seq:int}/media")
async def media(network: Net, phone: FromPath[str], seq: FromPath[int]) -> Response[bytes]:
    """The decrypted file of a message."""
    number = digits(phone)
    received = await network.store.run(
        lambda rows: inbox.at(rows, parties.get(rows, number, "contact").number, min(seq, _LAST))
    )
    reference = None if received is None else worker.reference_of(received)
    if reference is None or reference.token is None:
        raise SandboxError(NOT_FOUND, "That message has no file.")
    blob = await asyncio.to_thread(network.media.read, reference.token)
    if blob is None:
        raise SandboxError(NOT_FOUND, "The file was not uploaded.")
    try:
        file = await asyncio.to_thread(worker.open_media, reference, blob)
    except WireError as error:
        raise SandboxError(NOT_FOUND, f"The file can't be decrypted: {error.detail}") from error
    return Response(file, media_type=reference.mimetype or "application/octet-stream")


@post("/v1/contacts/{phone:str}/inbox/{seq:int}/receipt", status_code=204)
async def tell(network: Net, phone: FromPath[str], seq: FromPath[int], data: JSONBody[Tell]) -> None:
    """Let a contact tell a message's sender that it has read or played it, whatever its delays are."""
    number, now = digits(phone), network.clock.now()

    def owe(rows: sqlite3.Connection) -> None:
        contact = parties.get(rows, number, "contact")
        received = inbox.at(rows, contact.number, min(seq, _LAST))
        if received is None:
            raise SandboxError(NOT_FOUND, "There is no such message in this contact's inbox.")
        if data.type == "played" and content.type_of(_inner(received)) != "audio":
            raise SandboxError(SANDBOX_INVALID, "Only a sound can be played.")
        inbox.owe(rows, now, contact.number, data.type, received.id, received.sender_lid, received.chat)

    await network.store.run(owe)
    network.parties.set()


@post("/v1/contacts/{phone:str}/send")
async def send(network: Net, phone: FromPath[str], data: JSONBody[Send]) -> Sent:
    """Let a contact write to a phone's instances, or to a group that it is in."""
    to = data.to if data.to.endswith(_GROUP) else digits(data.to)
    id, count = await sending.send(network, digits(phone), to, data)
    return Sent(id, _shown(to), "sent", count)


@post("/v1/contacts/{phone:str}/call")
async def call(network: Net, phone: FromPath[str], data: JSONBody[CallTo]) -> Called:
    """Let a contact call a phone: its companions ring."""
    to = digits(data.to)
    id, count = await calling.call(network, digits(phone), to, video=data.video)
    return Called(id, _shown(to), count)


@get("/v1/contacts/{phone:str}/sent")
async def written(network: Net, phone: FromPath[str]) -> list[Written]:
    """The last messages that a contact sent, oldest first."""
    number = digits(phone)
    messages = await network.store.run(
        lambda rows: inbox.latest_sent(rows, parties.get(rows, number, "contact").number, _PAGE)
    )
    return [_written(one) for one in messages]


@get("/v1/contacts/{phone:str}/sent/{id:str}")
async def sent(network: Net, phone: FromPath[str], id: FromPath[str]) -> Sent:
    """How far a message of a contact has come."""
    number = digits(phone)
    message = await network.store.run(
        lambda rows: inbox.find_sent(rows, parties.get(rows, number, "contact").number, id)
    )
    if message is None:
        raise SandboxError(NOT_FOUND, "This contact sent no message of that id.")
    return Sent(message.id, _shown(message.recipient), message.status)


def _written(row: SentMessage) -> Written:
    message = content.unwrapped(content.parse(row.plaintext))
    quote = content.quote_of(message)
    return Written(
        id=row.id,
        to=_shown(row.recipient),
        at=row.at,
        status=row.status,
        type=content.type_of(message),
        text=content.text_of(message),
        audio=content.audio_of(message),
        quoted_id=None if quote is None else quote.stanza_id,
    )


def _inner(received: Received) -> Message:
    return content.unwrapped(content.parse(received.raw))


def _shown(recipient: str) -> str:
    return recipient if recipient.endswith(_GROUP) else f"+{recipient}"


async def _wait(network: Network, number: str, after: int, wait: float) -> list[Received]:
    deadline = network.clock.monotonic() + wait
    while True:
        async with network.inbox:
            # Under the condition's lock nothing is announced between the look and the wait.
            messages = await network.store.run(lambda rows: inbox.after(rows, number, after, _PAGE))
            left = deadline - network.clock.monotonic()
            if messages or left <= 0 or network.stopping:
                return messages
            try:
                async with asyncio.timeout(left):
                    await network.inbox.wait()
            except TimeoutError:
                return []


def _tune(rows: sqlite3.Connection, number: str, change: ContactPatch) -> ContactView:
    party = parties.get(rows, number, "contact")
    if change.name is not msgspec.UNSET:
        parties.rename(rows, party.number, change.name)
    delays = (
        party.delivered_after if change.delivered_after is msgspec.UNSET else change.delivered_after,
        party.read_after if change.read_after is msgspec.UNSET else change.read_after,
        party.played_after if change.played_after is msgspec.UNSET else change.played_after,
    )
    births.check_delays(delays)
    parties.set_delays(rows, party.number, *delays)
    if change.forget_sessions:
        parties.forget_sessions(rows, party.number)
    return _view(rows, parties.get(rows, number, "contact"))


def _view(rows: sqlite3.Connection, party: Party) -> ContactView:
    return ContactView(
        phone=f"+{party.alias or party.number}",
        registered_as=f"+{party.number}",
        name=party.name,
        lid=party.lid,
        delivered_after=party.delivered_after,
        read_after=party.read_after,
        played_after=party.played_after,
        messages=inbox.count(rows, party.number),
    )


def _message(row: Received) -> InboxMessage:
    message = _inner(row)
    quote = content.quote_of(message)
    return InboxMessage(
        seq=row.seq,
        id=row.id,
        sender=f"+{row.sender}",
        group=row.chat or None,
        from_lid=row.sender_lid,
        timestamp=row.at,
        type=content.type_of(message),
        text=content.text_of(message),
        quoted_id=None if quote is None else quote.stanza_id,
        quoted_text=None if quote is None else content.text_of(quote.quoted_message),
        audio=content.audio_of(message),
        media=row.media,
        times=row.times,
        raw=row.raw,
        fields=fields_of(message),
        view_once=content.is_view_once(content.parse(row.raw)),
    )


ROUTES = (every, create, one, tune, remove, read, media, tell, send, call, written, sent)
