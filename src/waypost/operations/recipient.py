from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from waypost.address import Jid
from waypost.engine.port import Recipient
from waypost.errors import NOT_ON_WHATSAPP, EngineError
from waypost.instances.contacts import Contact, Contacts
from waypost.operations.resources import Resources

_AT_ONCE: Final = 50  # numbers in one question

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
    found = await _learnt(contacts, instance_id, [chat], check)
    if chat not in found:
        raise EngineError(NOT_ON_WHATSAPP, jid=str(chat), exists=False)
    return found[chat]


async def find_recipients(
    resources: Resources, instance_id: str, chats: Sequence[Jid]
) -> list[Contact | None]:
    """The accounts of several people, in that order, None where there is none; WhatsApp is asked about many
    at once. Raises EngineError(NOT_CONNECTED | …)."""
    contacts = resources.contacts

    async def check(addresses: Sequence[str]) -> list[Recipient]:
        return await resources.session(instance_id).check(addresses)

    unknown = [
        chat
        for chat in dict.fromkeys(chats)
        if chat.is_number and await contacts.fresh(instance_id, chat) is None
    ]
    found: dict[Jid, Contact] = {}
    for at in range(0, len(unknown), _AT_ONCE):
        found |= await _learnt(contacts, instance_id, unknown[at : at + _AT_ONCE], check)
    nobody = set(unknown) - set(found)
    return [
        None if chat in nobody else found.get(chat) or await look_up(contacts, instance_id, chat, check)
        for chat in chats
    ]


async def _learnt(
    contacts: Contacts, instance_id: str, chats: Sequence[Jid], check: Check
) -> dict[Jid, Contact]:
    """Those who are on WhatsApp, as it answers now."""
    found: dict[Jid, Contact] = {}
    for chat, answer in zip(chats, await check([chat.user for chat in chats]), strict=False):
        if not answer.exists:
            contacts.missed(instance_id, chat)
            continue
        jid = Jid.parse(answer.jid).bare if answer.jid else chat
        lid = Jid.parse(answer.lid).bare if answer.lid else None
        found[chat] = await contacts.learn(instance_id, chat, jid, lid)
    return found


async def _number_of(contacts: Contacts, instance_id: str, lid: Jid, check: Check) -> Jid | None:
    """The number behind a LID, as far as this account has been told."""
    known = await contacts.lids.number_of(instance_id, lid)
    if known is not None:
        return known
    found = [Jid.parse(one.jid) for one in await check([str(lid)]) if one.jid]
    await contacts.lids.learn(instance_id, [(lid, one) for one in found])
    return await contacts.lids.number_of(instance_id, lid)
