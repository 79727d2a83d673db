"""Rows for messages of further kinds, each by the operation that sends it.

`content` of a received message has the names of the engine's own protobuf code (`remoteJid` here, `remoteJID`
there), so they are compared without their case.
"""

from tests.interop.rows import (
    Act,
    Address,
    Row,
    Stage,
    chat_of,
    delivered,
    jid_of,
    lowered,
    our_text,
    own_of,
    quotes,
    read,
    told_of,
)

from waypost.testing.phones import Received

PLACE = {"latitude": 52.5163, "longitude": 13.3777, "title": "The gate"}
BEA = {
    "fullName": "Bea",
    "organization": "Mill",
    "phoneNumber": "+447700900102",
    "whatsappId": "447700900102",
}
CAL = {"vcard": "BEGIN:VCARD\nVERSION:3.0\nFN:Cal, the baker\nEND:VCARD"}


# --- acts -----------------------------------------------------------------------------------------------


async def our_location(stage: Stage, to: Address) -> Act:
    theirs = await stage.phone.send_text(jid_of(stage, to), "where?")
    await told_of(stage, theirs)
    body = {"chatId": chat_of(stage, to), "reply_to": theirs, **PLACE}
    own = await stage.us.send("POST", "send-location", json=body)
    return Act(own.id, own, quoted=theirs)


async def our_card(stage: Stage, to: Address) -> Act:
    body = {"chatId": chat_of(stage, to), "contacts": [BEA]}
    own = await stage.us.send("POST", "send-contact-card", json=body)
    return Act(own.id, own)


async def our_cards(stage: Stage, to: Address) -> Act:
    body = {"chatId": chat_of(stage, to), "contacts": [BEA, CAL]}
    own = await stage.us.send("POST", "send-contact-card", json=body)
    return Act(own.id, own)


async def our_reaction_to_their_text(stage: Stage, to: Address) -> Act:
    theirs = await stage.phone.send_text(jid_of(stage, to), "shall we?")
    await told_of(stage, theirs)
    return await _react(stage, to, theirs, "👍")


async def our_reaction_taken_away(stage: Stage, to: Address) -> Act:
    reacted = await our_reaction_to_their_text(stage, to)
    return await _react(stage, to, reacted.quoted, "")


async def our_reaction_to_our_own_text(stage: Stage, to: Address) -> Act:
    return await _react(stage, to, (await our_text(stage, to)).id, "🥐")


async def our_deletion(stage: Stage, to: Address) -> Act:
    ours = await our_text(stage, to)
    await stage.phone.message(ours.id)
    query = {"chatId": chat_of(stage, to), "messageId": ours.id}
    own = await stage.us.send("DELETE", "delete-message", params=query)
    return Act(own.id, own, quoted=ours.id)


async def _react(stage: Stage, to: Address, about: str, reaction: str) -> Act:
    body = {"chatId": chat_of(stage, to), "messageId": about, "reaction": reaction}
    own = await stage.us.send("PUT", "react-to-message", json=body)
    return Act(own.id, own, reaction, about)


# --- checks ---------------------------------------------------------------------------------------------


async def location(stage: Stage, act: Act, got: Received) -> str:
    content = lowered(got.content)
    assert got.kind == "location"
    assert (content["degreeslatitude"], content["degreeslongitude"]) == (52.5163, 13.3777)
    assert content["name"] == "The gate"
    return "52.5163 13.3777 “The gate”"


async def card(stage: Stage, act: Act, got: Received) -> str:
    said = own_of(act).body["message"]["contactMessage"]
    assert got.kind == "contact"
    assert lowered(got.content) == {"displayname": "Bea", "vcard": said["vcard"]}
    assert "waid=447700900102:+447700900102" in said["vcard"]
    return "the card of Bea"


async def cards(stage: Stage, act: Act, got: Received) -> str:
    said = own_of(act).body["message"]["contactsArrayMessage"]
    assert got.kind == "contactsArray"
    assert lowered(got.content) == lowered(said)
    assert [one["displayName"] for one in said["contacts"]] == ["Bea", "Cal, the baker"]
    return "two cards"


async def reaction(stage: Stage, act: Act, got: Received) -> str:
    content = lowered(got.content)
    assert (got.kind, content.get("text", "")) == ("reaction", act.text)
    assert content["key"]["id"] == act.quoted
    said = own_of(act).body["message"]["reactionMessage"]
    assert str(content["sendertimestampms"]) == said["senderTimestampMs"]
    return f"{act.text or 'no longer any reaction'} to the message"


async def revoked(stage: Stage, act: Act, got: Received) -> str:
    content = lowered(got.content)
    assert (got.kind, content["type"]) == ("protocol", "REVOKE")
    assert content["key"]["id"] == act.quoted
    return "it is gone"


KINDS = [
    Row("their text, our location", our_location, [location, quotes("extendedText"), delivered, read]),
    Row("our location", our_location, [location, quotes("extendedText"), delivered], to="LID"),
    Row("our contact card", our_card, [card, delivered, read]),
    Row("our two contact cards", our_cards, [cards, delivered, read]),
    Row("their text, our reaction", our_reaction_to_their_text, [reaction, delivered]),
    Row("their text, our reaction", our_reaction_to_their_text, [reaction, delivered], to="LID"),
    Row("our reaction taken away", our_reaction_taken_away, [reaction, delivered]),
    Row("our text, our reaction", our_reaction_to_our_own_text, [reaction, delivered]),
    Row("our text, deleted again", our_deletion, [revoked, delivered]),
    Row("our text, deleted again", our_deletion, [revoked, delivered], to="LID"),
]
