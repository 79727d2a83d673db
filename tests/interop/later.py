"""Rows for messages that come of others: passed on, edited, voted on, typed as a person would."""

from pathlib import Path

from tests.interop.rows import (
    Act,
    Address,
    Row,
    Stage,
    both,
    chat_of,
    delivered,
    jid_of,
    lowered,
    our_text,
    own_of,
    read,
    text,
    told_of,
)
from tests.pictures import jpeg

from waypost.testing.phones import Received

POLL = {"name": "Lunch?", "options": ["Soup", "Salad", "Cake"], "multipleAnswers": True}


# --- acts -----------------------------------------------------------------------------------------------


async def our_forward_of_their_voice(stage: Stage, to: Address) -> Act:
    theirs = await stage.phone.send_voice(jid_of(stage, to), stage.note, stage.seconds, stage.waveform)
    return await _forward(stage, to, theirs)


async def our_forward_of_their_text(stage: Stage, to: Address) -> Act:
    theirs = await stage.phone.send_text(jid_of(stage, to), "Pass it on")
    return await _forward(stage, to, theirs, "Pass it on")


async def _forward(stage: Stage, to: Address, theirs: str, words: str = "") -> Act:
    await told_of(stage, theirs)
    body = {"chatId": chat_of(stage, to), "messageId": theirs}
    own = await stage.us.send("POST", "forward-message", json=body)
    return Act(own.id, own, words)


async def our_edit(stage: Stage, to: Address) -> Act:
    ours = await our_text(stage, to)
    await stage.phone.message(ours.id)
    body = {"chatId": chat_of(stage, to), "messageId": ours.id, "text": "Three, please"}
    own = await stage.us.send("PUT", "edit-message", json=body)
    return Act(own.id, own, "Three, please", ours.id)


async def our_text_as_a_person_sends_it(stage: Stage, to: Address) -> Act:
    while stage.phone.driven.seen("doing"):  # of earlier rows
        await stage.phone.driven.event("doing")
    theirs = await stage.phone.send_text(jid_of(stage, to), "are you there?")
    await told_of(stage, theirs)
    body = {"chatId": chat_of(stage, to), "text": "Yes, I am"}
    own = await stage.us.send("POST", "send-text-safe", json=body)
    return Act(own.id, own, "Yes, I am", theirs)


async def our_code(stage: Stage, to: Address) -> Act:
    code, own = await stage.us.send_code(chat_of(stage, to), f"Shop of {stage.phone.engine}")
    return Act(own.id, own, code)


async def our_poll(stage: Stage, to: Address) -> Act:
    own = await stage.us.send("POST", "send-poll", json={"chatId": chat_of(stage, to), "poll": POLL})
    return Act(own.id, own)


async def our_image_naming_them(stage: Stage, to: Address) -> Act:
    number = stage.phone.number
    data = {"chatId": chat_of(stage, to), "caption": f"For @{number}", "mentions": f"{number}@c.us"}
    files = {"file": ("oven.jpg", jpeg(320, 240))}
    own = await stage.us.send("POST", "send-image", data=data, files=files)
    return Act(own.id, own, f"For @{stage.phone.lid if to == 'group' else number}")


# --- checks ---------------------------------------------------------------------------------------------


async def forwarded(stage: Stage, act: Act, got: Received) -> str:
    context = lowered(got.content)["contextinfo"]
    assert (context["isforwarded"], context["forwardingscore"]) == (True, 1)
    return "marked as passed on"


async def the_note(stage: Stage, act: Act, got: Received) -> str:
    assert (got.kind, got.ptt, got.media_error) == ("audio", True, "")
    assert Path(got.path).read_bytes() == stage.note.read_bytes()
    return f"voice note, {got.seconds} s"


async def edited(stage: Stage, act: Act, got: Received) -> str:
    content = lowered(got.content)
    assert (got.kind, content["type"]) == ("protocol", "MESSAGE_EDIT")
    assert content["key"]["id"] == act.quoted
    assert content["editedmessage"]["conversation"] == act.text
    return f"now “{act.text}”"


async def code(stage: Stage, act: Act, got: Received) -> str:
    """The phone has it; what is kept of the message does not."""
    assert got.text.startswith(f"{act.text} is your Shop of {stage.phone.engine} code.")
    assert act.text not in str(own_of(act).body)
    return "the code"


async def seen_and_typed(stage: Stage, act: Act, got: Received) -> str:
    await stage.phone.receipt(act.quoted, "read")
    await stage.phone.driven.event("doing", state="composing")
    return "after reading theirs and typing"


async def voted(stage: Stage, act: Act, got: Received) -> str:
    """Its question and answers; a vote of theirs is opened here."""
    content = lowered(got.content)
    assert got.kind == "pollCreation"
    assert content["name"] == "Lunch?"
    assert [one["optionname"] for one in content["options"]] == POLL["options"]
    vote = await stage.phone.vote(got.sender, act.id, ["Cake", "Soup"])
    told = await stage.us.event("poll.vote", lambda one: vote in one["vote"]["id"])
    assert told["vote"]["selectedOptions"] == ["Soup", "Cake"]
    assert act.id in told["poll"]["id"]
    return "“Lunch?”, and their vote for two"


async def named(stage: Stage, act: Act, got: Received) -> str:
    family = f"{stage.phone.lid}@lid" if "@g.us" in got.sender else f"{stage.phone.number}@s.whatsapp.net"
    assert lowered(got.content)["contextinfo"]["mentionedjid"] == [family]
    return "naming it"


LATER = [
    Row("their voice note, passed on", our_forward_of_their_voice, [the_note, forwarded, delivered]),
    Row("their text, passed on", our_forward_of_their_text, [text, forwarded, delivered], to="LID"),
    *both("our text, edited", our_edit, [edited, delivered]),
    Row("our text, typed", our_text_as_a_person_sends_it, [text, seen_and_typed, delivered, read]),
    Row("our one-time code", our_code, [code, delivered]),
    Row("our poll", our_poll, [voted, delivered]),
    Row("our image naming them", our_image_naming_them, [text, named, delivered]),
    Row("our image naming them", our_image_naming_them, [text, named, delivered], to="group"),
]
