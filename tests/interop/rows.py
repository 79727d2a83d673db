"""What other engines must get right with us: one row per thing, run against each engine.

A row says who sends what, and what must be seen of it. Acts and checks are written once per kind of message;
an operation that comes later joins with one row, and a check of its own when its message is of a new kind.
"""

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tests.interop.gateway import OwnMessage, Waypost

from waypost.sandbox.client import SandboxClient
from waypost.testing.phones import Phone, Received

Address = Literal["number", "LID", "group"]
_SEEN_WITHIN_S = 10.0


@dataclass(frozen=True)
class Stage:
    """Both sides and the network between them. `note` is a native voice note."""

    us: Waypost
    phone: Phone
    sandbox: SandboxClient
    source: Path
    note: Path
    seconds: int
    waveform: str
    group: str
    """Of the phone and us alone, made by us."""


@dataclass(frozen=True)
class Act:
    """What was done: the id of the message, ours as the API told it, the text that has to arrive."""

    id: str
    own: OwnMessage | None = None
    text: str = ""
    quoted: str = ""


Do = Callable[[Stage, Address], Awaitable[Act]]
Check = Callable[[Stage, Act, Received], Awaitable[str]]


@dataclass(frozen=True)
class Row:
    """`do` sends, the phone must decrypt, each of `checks` must hold and says in a few words what it saw."""

    name: str
    do: Do
    checks: Sequence[Check]
    to: Address = "number"


# --- acts: we send --------------------------------------------------------------------------------------


async def our_voice(stage: Stage, to: Address) -> Act:
    own = await stage.us.send_voice(chat_of(stage, to), stage.source)
    return Act(own.id, own)


async def our_text(stage: Stage, to: Address) -> Act:
    own = await stage.us.send_text(chat_of(stage, to), "Zwei Brötchen 🥐, please")
    return Act(own.id, own, "Zwei Brötchen 🥐, please")


async def our_reply_to_their_text(stage: Stage, to: Address) -> Act:
    theirs = await stage.phone.send_text(jid_of(stage, to), "what did I say?")
    await told_of(stage, theirs)
    own = await stage.us.send_text(chat_of(stage, to), "this", theirs)
    return Act(own.id, own, "this", theirs)


async def our_reply_to_their_voice(stage: Stage, to: Address) -> Act:
    theirs = await stage.phone.send_voice(jid_of(stage, to), stage.note, stage.seconds, stage.waveform)
    await told_of(stage, theirs)
    own = await stage.us.send_text(chat_of(stage, to), "heard it", theirs)
    return Act(own.id, own, "heard it", theirs)


async def our_voice_reply_to_their_text(stage: Stage, to: Address) -> Act:
    theirs = await stage.phone.send_text(jid_of(stage, to), "say it")
    await told_of(stage, theirs)
    own = await stage.us.send_voice(chat_of(stage, to), stage.source, theirs)
    return Act(own.id, own, quoted=theirs)


async def our_reply_to_their_voice_after_a_wipe(stage: Stage, to: Address) -> Act:
    """They begin a new session, on top of the one that we know."""
    assert await stage.phone.forget_sessions()
    return await our_reply_to_their_voice(stage, to)


def after_their_sessions_are_wiped(do: Do) -> Do:
    """The same, but the phone has lost its ratchets and has to ask for the message again."""

    async def act(stage: Stage, to: Address) -> Act:
        settled = await our_text(stage, to)
        await stage.phone.message(settled.id)
        await stage.us.status(own_of(settled), "DELIVERED")
        assert await stage.phone.forget_sessions()
        done = await do(stage, to)
        await stage.phone.driven.event("undecryptable", id=done.id)
        return done

    return act


# --- checks: what the phone saw, and what we learned of it ------------------------------------------------


async def voice(stage: Stage, act: Act, got: Received) -> str:
    """Decrypted, a voice note, every fact as the API answered it, byte-equal to what was uploaded."""
    said = own_of(act).body["message"]["audioMessage"]
    assert got.media_error == ""
    assert got.kind == "audio"
    assert got.ptt is True
    assert got.mimetype == "audio/ogg; codecs=opus"
    assert _base64(got.sha256) == said["fileSha256"]
    assert str(got.size) == said["fileLength"]
    assert got.seconds == said["seconds"] == stage.seconds
    assert _base64(got.waveform) == said["waveform"]
    assert len(got.waveform) == 64
    assert Path(got.path).read_bytes() == stage.note.read_bytes()
    seen = f"voice note, {got.seconds} s, {got.size} B, sha256 {got.sha256.hex()[:8]}…"
    return f"{seen}, waveform {_bars(got.waveform)}"


async def text(stage: Stage, act: Act, got: Received) -> str:
    """Decrypted, letter by letter."""
    assert got.text == act.text
    return f"“{got.text}”"


def quotes(kind: str) -> Check:
    """The phone shows the message that is replied to; we know its content only if we decrypted it."""

    async def check(stage: Stage, act: Act, got: Received) -> str:
        assert got.quoted_id == act.quoted
        assert got.quoted_kind == kind
        assert got.quoted_from in (f"{stage.phone.lid}@lid", f"{stage.phone.number}@s.whatsapp.net")
        return f"quoting its own {kind}" + (f" “{got.quoted_text}”" if got.quoted_text else "")

    return check


async def ticked(stage: Stage, act: Act, got: Received) -> str:
    """Their own message, which ours quotes, has its second tick on their side."""
    await stage.phone.receipt(act.quoted, "delivered")
    return "its own ticked"


async def delivered(stage: Stage, act: Act, got: Received) -> str:
    await confirmed(stage, stage.phone, act.id)
    return (await stage.us.status(own_of(act), "DELIVERED")).lower()


async def read(stage: Stage, act: Act, got: Received) -> str:
    await stage.phone.read(got.id)
    return (await stage.us.status(own_of(act), "READ")).lower()


async def played(stage: Stage, act: Act, got: Received) -> str:
    await stage.phone.played(got.id)
    return (await stage.us.status(own_of(act), "PLAYED")).lower()


# --- the table --------------------------------------------------------------------------------------------


def both(name: str, do: Do, checks: Sequence[Check]) -> list[Row]:
    """A row by number and by LID."""
    return [Row(name, do, checks), Row(name, do, checks, to="LID")]


ROWS = [
    *both("our voice note", our_voice, [voice, delivered, read, played]),
    *both("our text", our_text, [text, delivered, read]),
    *both(
        "their text, our reply", our_reply_to_their_text, [text, quotes("extendedText"), ticked, delivered]
    ),
    *both(
        "their voice note, our reply", our_reply_to_their_voice, [text, quotes("audio"), ticked, delivered]
    ),
    *both(
        "their text, our voice note",
        our_voice_reply_to_their_text,
        [voice, quotes("extendedText"), delivered, played],
    ),
    *both("our text after a wipe", after_their_sessions_are_wiped(our_text), [text, delivered]),
    *both(
        "our voice note after a wipe",
        after_their_sessions_are_wiped(our_voice),
        [voice, delivered, read, played],
    ),
    *both(
        "their voice note after a wipe",
        our_reply_to_their_voice_after_a_wipe,
        [text, quotes("audio"), ticked, delivered],
    ),
]


async def told_of(stage: Stage, id: str) -> None:
    """Wait until our device has confirmed to the network that it decrypted a message, and the gateway keeps
    it: from then on it can be quoted."""
    await _in_log(stage, rf"in {stage.us.number}:\d+ <receipt{_has(id)}")
    await stage.us.event("message.any", lambda payload: id in payload["id"])


async def asked_again(stage: Stage, id: str) -> None:
    """Wait until our device has asked for a message again that it could not decrypt."""
    await _in_log(stage, rf"in {stage.us.number}:\d+ <receipt(?=[^>]* id='{id}')(?=[^>]* type='retry')")


async def confirmed(stage: Stage, phone: Phone, id: str) -> None:
    """Wait until our device was told that the engine has a message; its account's phone confirms as well."""
    device = rf"(?=[^>]* (?:from|participant)='({phone.lid}|{phone.number}):\d+@)"
    await _in_log(stage, rf"out {stage.us.number}:\d+ <receipt{_has(id)}{device}")


def _has(id: str) -> str:
    """The attributes of a receipt for a decrypted message, in any order: whatsmeow shuffles them."""
    return rf"(?=[^>]* id='{id}')(?![^>]* type='(?:retry|sender)')"


async def _in_log(stage: Stage, wanted: str) -> None:
    seen = re.compile(wanted)

    async def found() -> bool:
        lines = await stage.sandbox.log(2000)
        return any(seen.match(f"{line.way} {line.device.lstrip('+')} {line.what}") for line in lines)

    async with asyncio.timeout(_SEEN_WITHIN_S):
        while not await found():
            await asyncio.sleep(0.05)


def own_of(act: Act) -> OwnMessage:
    assert act.own is not None
    return act.own


def chat_of(stage: Stage, to: Address) -> str:
    if to == "group":
        return stage.group
    return f"{stage.phone.number}@c.us" if to == "number" else f"{stage.phone.lid}@lid"


def jid_of(stage: Stage, to: Address) -> str:
    if to == "group":
        return stage.group
    return f"{stage.us.number}@s.whatsapp.net" if to == "number" else f"{stage.us.lid}@lid"


def lowered(content: Any) -> Any:
    """What a message holds with all names in small letters: engines write them each in its own way."""
    if isinstance(content, dict):
        return {name.lower(): lowered(value) for name, value in content.items()}
    return [lowered(one) for one in content] if isinstance(content, list) else content


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bars(waveform: bytes) -> str:
    steps = " ▁▂▃▄▅▆▇█"
    return "".join(steps[min(value, 100) * 8 // 100] for value in waveform[::4])
