from collections.abc import Awaitable, Callable, Sequence

from waypost.address import Jid
from waypost.engine.port import Recipient
from waypost.errors import NOT_ON_WHATSAPP, EngineError
from waypost.instances.contacts import Contact, Contacts
from waypost.operations.resources import Resources

Check = Callable[[Sequence[str]], Awaitable[list[Recipient]]]
"""Asks WhatsApp about addresses; `engine.port.Session.check` wherever the session is."""


async def find_recipient(resources: Resources, instance_id: str, chat: Jid) -> Contact:
    """The account to send to: the address that the server answers may not be the one that was typed.

    Groups and LIDs are taken as they are; a LID whose number is known goes by that.

    Raises EngineError(NOT_ON_WHATSAPP | NOT_CONNECTED | …).
    """

    async def check(addresses: Sequence[str]) -> list[Recipient]:
        return await resources.session(instance_id).check(addresses)

    return await look_up(resources.contacts, instance_id, chat, check)


async def look_up(contacts: Contacts, instance_id: str, chat: Jid, check: Check) -> Contact:
    """The same, asked by `check` where nothing recent is known. Raises what `check` does, too."""
    if not chat.is_number:
        number = await _number_of(contacts, instance_id, chat, check) if chat.is_lid else None
        lid = str(chat) if chat.is_lid else None
        return contacts.as_given(chat, number or chat, lid)
    known = await contacts.fresh(instance_id, chat)
    if known is not None:
        return known
    answers = await check([chat.user])
    answer = answers[0] if answers else None
    if answer is None or not answer.exists:
        contacts.missed(instance_id, chat)
        raise EngineError(NOT_ON_WHATSAPP, jid=str(chat), exists=False)
    jid = Jid.parse(answer.jid).bare if answer.jid else chat
    lid_jid = Jid.parse(answer.lid).bare if answer.lid else None
    return await contacts.learn(instance_id, chat, jid, lid_jid)


async def _number_of(contacts: Contacts, instance_id: str, lid: Jid, check: Check) -> Jid | None:
    """The number behind a LID, as far as this account has been told."""
    known = await contacts.lids.number_of(instance_id, lid)
    if known is not None:
        return known
    found = [Jid.parse(one.jid) for one in await check([str(lid)]) if one.jid]
    await contacts.lids.learn(instance_id, [(lid, one) for one in found])
    return await contacts.lids.number_of(instance_id, lid)
