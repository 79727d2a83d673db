"""Rows in groups: what is written to one is decrypted by the other engine as a member, and the other way."""

from tests.interop.rows import (
    Act,
    Address,
    Row,
    Stage,
    delivered,
    jid_of,
    our_reply_to_their_text,
    our_reply_to_their_voice,
    our_text,
    our_voice,
    own_of,
    played,
    quotes,
    read,
    text,
    ticked,
    told_of,
    voice,
)

from waypost.testing.phones import Received


async def our_text_in_their_group(stage: Stage, to: Address) -> Act:
    """They make the group, and write first."""
    group = await stage.phone.create_group("Theirs", [f"{stage.us.number}@s.whatsapp.net"])
    await told_of(stage, await stage.phone.send_text(group, "Welcome"))
    own = await stage.us.send_text(group, "Thanks")
    return Act(own.id, own, "Thanks")


async def our_mention(stage: Stage, to: Address) -> Act:
    number = stage.phone.number
    body = {"chatId": stage.group, "text": f"Look, @{number}", "mentions": [f"{number}@c.us"]}
    own = await stage.us.send("POST", "send-text", json=body)
    return Act(own.id, own, f"Look, @{stage.phone.lid}")


async def our_text_after_they_read_ours(stage: Stage, to: Address) -> Act:
    """A second message with the key that they know."""
    first = await our_text(stage, to)
    await stage.phone.read((await stage.phone.message(first.id)).id)
    await stage.us.status(own_of(first), "READ")
    return await our_text(stage, to)


async def mentioned(stage: Stage, act: Act, got: Received) -> str:
    context = next(value for name, value in got.content.items() if name.lower() == "contextinfo")
    named = next(value for name, value in context.items() if name.lower() == "mentionedjid")
    assert named == [f"{stage.phone.lid}@lid"]
    return "naming it"


async def in_the_group(stage: Stage, act: Act, got: Received) -> str:
    assert got.sender == jid_of(stage, "group")
    return "in the group"


GROUPS = [
    Row("our voice note", our_voice, [voice, in_the_group, delivered, read, played], to="group"),
    Row("our text", our_text, [text, in_the_group, delivered, read], to="group"),
    Row("our second text", our_text_after_they_read_ours, [text, delivered], to="group"),
    Row(
        "their text, our reply",
        our_reply_to_their_text,
        [text, quotes("extendedText"), ticked, delivered],
        to="group",
    ),
    Row(
        "their voice note, our reply",
        our_reply_to_their_voice,
        [text, quotes("audio"), ticked, delivered],
        to="group",
    ),
    Row("our text naming them", our_mention, [text, mentioned, delivered], to="group"),
    Row("their group, our text", our_text_in_their_group, [text, delivered, read], to="group"),
]
