"""presence-subscribe: be told of somebody's presence, as events, until the session is next connected.

WhatsApp tells it only to an account that shows itself as online (`presence`).
"""

import msgspec

from waypost.engine.account import WatchPresence
from waypost.instances.instance import Instance
from waypost.operations.account_act import AccountAct, AccountStored, Doing
from waypost.operations.account_shapes import PersonId, person
from waypost.operations.group_shapes import Success
from waypost.outbox.request import Upload


class PresenceSubscribeFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    chatId: PersonId


def accept(fields: PresenceSubscribeFields, upload: Upload | None, instance: Instance) -> AccountStored:
    """Check the fields. Raises InvalidRequest."""
    return AccountStored(chat=person(fields.chatId), about=True)


async def act(doing: Doing) -> Success:
    """Ask for it. Raises EngineError."""
    await doing.session.account(WatchPresence(jid=doing.whom.jid))
    return Success()


PRESENCE_SUBSCRIBE = AccountAct(
    name="presence-subscribe",
    summary="Be told when somebody is online",
    fields=PresenceSubscribeFields,
    result=Success,
    accept=accept,
    act=act,
).write()
