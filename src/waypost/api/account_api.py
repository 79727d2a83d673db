"""Contacts, and what can be asked about people and the account, over HTTP: answered directly."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

from waypost.address import Jid, parse_chat_id, parse_message_id
from waypost.api.body import BodyReader
from waypost.api.endpoint import BASE, Call, Endpoint
from waypost.api.fields import FieldsReader
from waypost.api.replies import Reply
from waypost.api.writes import query_of
from waypost.engine.account import FindPicture, FindUser, ListBlocked
from waypost.engine.port import Recipient
from waypost.errors import (
    CONTACT_NOT_FOUND,
    NOT_IMPLEMENTED,
    NOT_ON_WHATSAPP,
    ApiError,
    EngineError,
    InstanceError,
    InvalidRequest,
)
from waypost.instances.asking import Asking
from waypost.instances.contacts import Contact, Contacts, Person
from waypost.operations.fields import ChatId, MessageId
from waypost.operations.recipient import look_up

Fields = TypeVar("Fields", bound=msgspec.Struct)

NO_STARS: Final = (
    "The engine's library (neonize 0.5.2) leaves out which part of the account's settings a star belongs to,"
    " and WhatsApp refuses that."
)


class GetContacts(msgspec.Struct, frozen=True, kw_only=True):
    """The query of contacts/get-all."""

    limit: Annotated[
        Annotated[int, Meta(ge=1, le=1000)] | None, Meta(description="How many; 100 unless given.")
    ] = None
    offset: Annotated[
        Annotated[int, Meta(ge=0, le=2**31 - 1)] | None, Meta(description="How many to leave out first.")
    ] = None
    sort_by: Annotated[
        Literal["id", "name"] | None, Meta(description="What they are sorted by; id unless given.")
    ] = None
    sort_order: Annotated[Literal["asc", "desc"] | None, Meta(description="asc unless given.")] = None


class AboutSomebody(msgspec.Struct, frozen=True, kw_only=True):
    """The query of what is asked about one person."""

    chat_id: Annotated[str, Meta(description="Digits, <number>@c.us or <n>@lid.", examples=["12132132131"])]


class StarMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The body of star-message."""

    messageId: MessageId
    star: Annotated[bool, Meta(description="Whether it has a star.")]
    chatId: ChatId | None = None


class ContactView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whom the account has met: `name` is that of its address book, `pushname` their own. `lid`
    where it is known."""

    id: str
    name: str | None
    pushname: str | None
    lid: str | None


class ContactsView(msgspec.Struct, frozen=True, kw_only=True):
    """Contacts."""

    message: str
    data: list[ContactView]


class OneContactView(msgspec.Struct, frozen=True, kw_only=True):
    """A contact."""

    message: str
    data: ContactView


class ExistsData(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a number is on WhatsApp; `id` is the one to write to, which may not be the one asked for."""

    exists: bool
    id: str | None
    lid: str | None


class ExistsView(msgspec.Struct, frozen=True, kw_only=True):
    """What check-exists answers."""

    message: str
    data: ExistsData


class PictureData(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's picture; both null where there is none, or none is shown to this account. The url is
    WhatsApp's and does not last."""

    id: str | None
    url: str | None


class PictureView(msgspec.Struct, frozen=True, kw_only=True):
    """What contacts/profile-picture answers."""

    message: str
    data: PictureData


class BlockedData(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is blocked."""

    id: str
    lid: str | None


class BlockedView(msgspec.Struct, frozen=True, kw_only=True):
    """What blocked answers."""

    message: str
    data: list[BlockedData]


class AccountApi:
    """The endpoints of contacts and people."""

    def __init__(self, contacts: Contacts, asking: Asking, bodies: BodyReader) -> None:
        self._contacts = contacts
        self._asking = asking
        self._bodies = bodies
        self._all = FieldsReader(GetContacts)
        self._one = FieldsReader(AboutSomebody)
        self._star = FieldsReader(StarMessage)

    def endpoints(self) -> Sequence[Endpoint]:
        """All of them."""
        return [
            self._read("contacts/get-all", "List the contacts", self.all, ContactsView, GetContacts),
            self._read("contacts/get", "One contact", self.one, OneContactView),
            self._read("contacts/profile-picture", "Somebody's picture", self.picture, PictureView),
            self._read("check-exists", "Whether a number is on WhatsApp", self.exists, ExistsView),
            self._read("blocked", "Whom the account has blocked", self.blocked, BlockedView, None),
            Endpoint(
                method="PUT",
                path=f"{BASE}/{{instance}}/star-message",
                summary="Star a message (not possible yet: 501)",
                scope="send",
                answer=self.star,
                tag="Messages",
                fields=StarMessage,
                result=dict[str, Any],
            ),
        ]

    def _read(
        self,
        name: str,
        summary: str,
        answer: Callable[[Call], Any],
        result: Any,
        fields: type[msgspec.Struct] | None = AboutSomebody,
    ) -> Endpoint:
        return Endpoint(
            method="GET",
            path=f"{BASE}/{{instance}}/{name}",
            summary=summary,
            scope="read",
            answer=answer,
            tag="Contacts",
            fields=fields,
            fields_in="query",
            result=result,
        )

    async def all(self, call: Call) -> Reply:
        """A part of the contacts, as they are stored."""
        wanted = self._all.read(query_of(call).fields)
        people = await self._contacts.people(
            call.of.id,
            wanted.limit or 100,
            wanted.offset or 0,
            wanted.sort_by or "id",
            wanted.sort_order or "asc",
        )
        data = [_contact(person) for person in people]
        return Reply(body=ContactsView(message="Contacts retrieved successfully.", data=data))

    async def one(self, call: Call) -> Reply:
        """One contact, as it is stored."""
        person = await self._contacts.person(call.of.id, self._whom(call))
        if person is None:
            raise InstanceError(CONTACT_NOT_FOUND)
        body = OneContactView(message="Contact retrieved successfully.", data=_contact(person))
        return Reply(body=body)

    async def exists(self, call: Call) -> Reply:
        """Ask WhatsApp, unless it was asked lately: within a day who is there, within minutes who is not."""
        whom, data = self._whom(call), ExistsData(exists=False, id=None, lid=None)
        if await self._may_exist(call.of.id, whom):
            try:
                data = _existing(await self._find(call.of.id, whom))
            except EngineError as error:
                if error.fault is not NOT_ON_WHATSAPP:
                    raise
        return Reply(body=ExistsView(message="Number checked successfully.", data=data))

    async def _may_exist(self, instance_id: str, whom: Jid) -> bool:
        """False when nobody has this address: of a number, as it was found lately; of a LID whose number is
        not known, as the server answers."""
        if not whom.is_lid:
            return not self._contacts.is_absent(instance_id, whom)
        if await self._contacts.lids.number_of(instance_id, whom) is not None:
            return True
        return (await self._asking.account(instance_id, FindUser(jid=str(whom)))).exists

    async def picture(self, call: Call) -> Reply:
        """Ask WhatsApp for somebody's picture."""
        whom = await self._find(call.of.id, self._whom(call))
        found = await self._asking.account(call.of.id, FindPicture(jid=whom.jid))
        data = PictureData(id=found.picture_id, url=found.picture_url)
        return Reply(body=PictureView(message="Profile picture retrieved successfully.", data=data))

    async def blocked(self, call: Call) -> Reply:
        """Ask WhatsApp whom the account has blocked."""
        found = (await self._asking.account(call.of.id, ListBlocked())).blocked
        data = [await self._shown(call.of.id, Jid.parse(one)) for one in found]
        return Reply(body=BlockedView(message="Blocked contacts retrieved successfully.", data=data))

    async def star(self, call: Call) -> Reply:
        """Check the call, and say why it can't be done."""
        headers = call.http.headers
        body = await self._bodies.read(call.http.stream(), headers.get("content-type", ""), None, None)
        wanted = self._star.read(body.fields)
        parse_message_id(wanted.messageId)
        if wanted.chatId is not None:
            parse_chat_id(wanted.chatId)
        raise ApiError(NOT_IMPLEMENTED, NO_STARS)

    def _whom(self, call: Call) -> Jid:
        chat = parse_chat_id(self._one.read(query_of(call).fields).chat_id, "chat_id")
        if chat.is_group:
            raise InvalidRequest({"chat_id": ["The chat_id must be of a person, not of a group."]})
        return chat

    async def _find(self, instance_id: str, whom: Jid) -> Contact:
        async def check(addresses: Sequence[str]) -> list[Recipient]:
            return await self._asking.check(instance_id, addresses)

        return await look_up(self._contacts, instance_id, whom, check)

    async def _shown(self, instance_id: str, jid: Jid) -> BlockedData:
        lids = self._contacts.lids
        number, lid = await lids.number_of(instance_id, jid), await lids.lid_of(instance_id, jid)
        return BlockedData(id=(number or jid).chat_id, lid=lid.chat_id if lid else None)


def _existing(found: Contact) -> ExistsData:
    lid = Jid.parse(found.lid).chat_id if found.lid else None
    return ExistsData(exists=True, id=Jid.parse(found.jid).chat_id, lid=lid)


def _contact(person: Person) -> ContactView:
    return ContactView(
        id=Jid.parse(person.jid).chat_id,
        name=person.name or None,
        pushname=person.pushname or None,
        lid=Jid.parse(person.lid).chat_id if person.lid else None,
    )
