from waypost.address import Jid
from waypost.errors import NOT_ON_WHATSAPP, EngineError
from waypost.instances.contacts import Contact
from waypost.operations.resources import Resources


async def find_recipient(resources: Resources, instance_id: str, chat: Jid) -> Contact:
    """The account to send to: the address that the server answers may not be the one that was typed.

    Groups and LIDs are taken as they are; a LID whose number is known goes by that.

    Raises EngineError(NOT_ON_WHATSAPP | NOT_CONNECTED | …).
    """
    if not chat.is_number:
        number = await _number_of(resources, instance_id, chat) if chat.is_lid else None
        lid = str(chat) if chat.is_lid else None
        return Contact(asked=str(chat), jid=str(number or chat), lid=lid, checked_at=resources.clock.now())
    known = await resources.contacts.fresh(instance_id, chat)
    if known is not None:
        return known
    answers = await resources.session(instance_id).check([chat.user])
    answer = answers[0] if answers else None
    if answer is None or not answer.exists:
        raise EngineError(NOT_ON_WHATSAPP, jid=str(chat), exists=False)
    jid = Jid.parse(answer.jid).bare if answer.jid else chat
    lid_jid = Jid.parse(answer.lid).bare if answer.lid else None
    return await resources.contacts.learn(instance_id, chat, jid, lid_jid)


async def _number_of(resources: Resources, instance_id: str, lid: Jid) -> Jid | None:
    """The number behind a LID, as far as this account has been told."""
    lids = resources.contacts.lids
    known = await lids.number_of(instance_id, lid)
    if known is not None:
        return known
    found = [Jid.parse(one.jid) for one in await resources.session(instance_id).check([str(lid)]) if one.jid]
    await lids.learn(instance_id, [(lid, one) for one in found])
    return await lids.number_of(instance_id, lid)
