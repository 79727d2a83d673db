"""send-contact-card: one or more contacts, as vCards."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from waypost.address import parse_chat_id
from waypost.engine.port import Content
from waypost.errors import InvalidRequest
from waypost.operations.fields import ChatId
from waypost.operations.one_message import OneMessage, Staged, Stored
from waypost.operations.shapes import MessageResult
from waypost.operations.vcard import display_name, vcard_of

Line = Annotated[str, Meta(max_length=1000)] | None


class ContactFields(msgspec.Struct, frozen=True, kw_only=True):
    """A contact: a whole `vcard`, or what one is made of."""

    vcard: Annotated[str, Meta(max_length=65_536)] | None = None
    fullName: Line = None
    organization: Line = None
    phoneNumber: Line = None
    whatsappId: Line = None


class SendContactCardFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    chatId: ChatId
    contacts: Annotated[
        list[ContactFields], Meta(description="1 to 100 contacts.", min_length=1, max_length=100)
    ]


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A contact as it was sent."""

    displayName: str
    vcard: str


class Cards(msgspec.Struct, frozen=True, kw_only=True):
    """Several contacts as they were sent."""

    displayName: str
    contacts: list[Card]


class CardContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the message holds: one of the two."""

    contactMessage: Card | UnsetType = UNSET
    contactsArrayMessage: Cards | UnsetType = UNSET


class SendContactCardResult(MessageResult, frozen=True, kw_only=True):
    """`response_body` of contacts that were sent."""

    message: CardContent


class SendContactCardPayload(Stored, frozen=True, kw_only=True):
    """What is stored of the call."""

    cards: list[Card]


def accept(fields: SendContactCardFields) -> SendContactCardPayload:
    """Check the fields, and write the vCards. Raises InvalidRequest."""
    cards = [_card(number, contact) for number, contact in enumerate(fields.contacts)]
    return SendContactCardPayload(chat=str(parse_chat_id(fields.chatId)), cards=cards)


def content(payload: SendContactCardPayload, staged: Staged) -> Content:
    """The message; phones show one contact and several in different ways."""
    made: Content = msgspec.to_builtins(shown(payload, staged))
    return made


def shown(payload: SendContactCardPayload, staged: Staged) -> CardContent:
    """The message as the result shows it, which for contacts has the protobuf's own names."""
    if len(payload.cards) == 1:
        return CardContent(contactMessage=payload.cards[0])
    name = f"{len(payload.cards)} contacts"
    return CardContent(contactsArrayMessage=Cards(displayName=name, contacts=payload.cards))


def _card(number: int, contact: ContactFields) -> Card:
    vcard = contact.vcard
    if not vcard:
        if not contact.fullName or not contact.phoneNumber:
            raise InvalidRequest(
                {"contacts": [f"contacts[{number}] needs a vcard, or fullName and phoneNumber."]}
            )
        vcard = vcard_of(contact.fullName, contact.phoneNumber, contact.organization, contact.whatsappId)
    elif not vcard.lstrip().upper().startswith("BEGIN:VCARD"):
        raise InvalidRequest({"contacts": [f"The vcard of contacts[{number}] must begin with BEGIN:VCARD."]})
    return Card(displayName=display_name(vcard), vcard=vcard)


SEND_CONTACT_CARD = OneMessage(
    name="send-contact-card",
    summary="Send contacts",
    fields=SendContactCardFields,
    payload=SendContactCardPayload,
    result=SendContactCardResult,
    accept=accept,
    content=content,
    shown=shown,
).write()
