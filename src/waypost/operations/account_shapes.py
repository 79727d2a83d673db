"""Fields that operations on the account have in common."""

from typing import Annotated

from msgspec import Meta

from waypost.address import Jid, parse_chat_id
from waypost.errors import InvalidRequest
from waypost.instances.instance import Instance

PERSON_EXPECTED = "The chatId must be of a person: <number>@c.us, <n>@lid, or a number."
PersonId = Annotated[
    str,
    Meta(description="The person: <number>@c.us, <n>@lid, or a number.", examples=["12132132131@c.us"]),
]


def person(chat_id: str) -> str:
    """The JID of a person. Raises InvalidRequest."""
    chat = parse_chat_id(chat_id)
    if chat.is_group:
        raise InvalidRequest({"chatId": [PERSON_EXPECTED]})
    return str(chat)


def own(instance: Instance) -> str:
    """The account's own JID, in whose line what is about itself takes its turn."""
    return str(Jid.of_number(instance.phone))
