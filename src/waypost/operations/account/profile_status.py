"""profile-status: the text under the account's name."""

from typing import Annotated

import msgspec
from msgspec import Meta

from waypost.engine.account import SetAbout
from waypost.instances.instance import Instance
from waypost.operations.account_act import AccountAct, AccountStored, Doing
from waypost.operations.account_shapes import own
from waypost.operations.group_shapes import Success
from waypost.outbox.request import Upload


class ProfileStatusFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    status: Annotated[str, Meta(description='The text under the name; "" takes it away.', max_length=139)]


def accept(fields: ProfileStatusFields, upload: Upload | None, instance: Instance) -> AccountStored:
    """What is stored."""
    return AccountStored(chat=own(instance), value=fields.status)


async def act(doing: Doing) -> Success:
    """Set it. Raises EngineError."""
    await doing.session.account(SetAbout(about=doing.value))
    return Success()


PROFILE_STATUS = AccountAct(
    name="profile-status",
    summary="Set the text under the account's name",
    fields=ProfileStatusFields,
    result=Success,
    accept=accept,
    act=act,
    method="PUT",
    blank=frozenset({"status"}),
).write()
