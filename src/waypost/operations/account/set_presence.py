"""presence: show the account as online or not.

While it is online, WhatsApp tells it who else is, shows senders a plain "delivered", and the account's phone
stays silent.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from waypost.instances.instance import Instance
from waypost.operations.account_act import AccountAct, AccountStored, Doing
from waypost.operations.account_shapes import own
from waypost.operations.group_shapes import Success
from waypost.outbox.request import Upload


class PresenceFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    presence: Annotated[
        Literal["available", "unavailable"], Meta(description="How the account shows itself.")
    ]


def accept(fields: PresenceFields, upload: Upload | None, instance: Instance) -> AccountStored:
    """What is stored."""
    return AccountStored(chat=own(instance), value=fields.presence)


async def act(doing: Doing) -> Success:
    """Show it. Raises EngineError."""
    await doing.session.presence(doing.value == "available")
    return Success()


SET_PRESENCE = AccountAct(
    name="presence",
    summary="Show the account as online or not",
    fields=PresenceFields,
    result=Success,
    accept=accept,
    act=act,
).write()
