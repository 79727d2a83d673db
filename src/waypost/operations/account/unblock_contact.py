"""unblock: hear of somebody again."""

import msgspec

from waypost.engine.account import SetBlocked
from waypost.instances.instance import Instance
from waypost.operations.account_act import AccountAct, AccountStored, Doing
from waypost.operations.account_shapes import PersonId, person
from waypost.operations.group_shapes import Success
from waypost.outbox.request import Upload


class UnblockFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    chatId: PersonId


def accept(fields: UnblockFields, upload: Upload | None, instance: Instance) -> AccountStored:
    """Check the fields. Raises InvalidRequest."""
    return AccountStored(chat=person(fields.chatId), about=True)


async def act(doing: Doing) -> Success:
    """Do it; WhatsApp knows whom it blocks by LID. Raises EngineError."""
    await doing.session.account(SetBlocked(jid=doing.whom.lid or doing.whom.jid, blocked=False))
    return Success()


UNBLOCK = AccountAct(
    name="unblock",
    summary="Unblock somebody",
    fields=UnblockFields,
    result=Success,
    accept=accept,
    act=act,
).write()
