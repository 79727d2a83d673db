"""profile-name: the name that others see of the account."""

from typing import Annotated

import msgspec
from msgspec import Meta

from waypost.engine.account import SetName
from waypost.instances.instance import Instance
from waypost.operations.account_act import AccountAct, AccountStored, Doing
from waypost.operations.account_shapes import own
from waypost.operations.group_shapes import Success
from waypost.outbox.request import Upload


class ProfileNameFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    name: Annotated[str, Meta(description="The name that others see.", min_length=1, max_length=25)]


def accept(fields: ProfileNameFields, upload: Upload | None, instance: Instance) -> AccountStored:
    """What is stored."""
    return AccountStored(chat=own(instance), value=fields.name)


async def act(doing: Doing) -> Success:
    """Set it. Raises EngineError."""
    await doing.session.account(SetName(name=doing.value))
    return Success()


PROFILE_NAME = AccountAct(
    name="profile-name",
    summary="Set the name that others see",
    fields=ProfileNameFields,
    result=Success,
    accept=accept,
    act=act,
    method="PUT",
).write()
