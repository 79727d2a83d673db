"""Accounts as other engines see them: online or not, typing, blocked, named, pictured, linked by code."""

import asyncio
import os
from typing import Any

import pytest
from tests.interop.rows import Stage, jid_of, our_text, told_of
from tests.interop.told import Told
from tests.pictures import jpeg

from waypost.testing.driven import driving
from waypost.testing.phones import Engine, Phone

pytestmark = pytest.mark.asyncio(loop_scope="session")

BY_CODE = "447700900019"


async def online(phone: Phone, online: bool) -> None:
    await phone.driven.call("online", online=online)


async def watch(phone: Phone, jid: str) -> None:
    method = "presenceSubscribe" if phone.engine == "baileys" else "subscribe_presence"
    await phone.driven.call("ask", method=method, args=[jid])


async def told_of_them(stage: Stage, state: str) -> Any:
    them = f"{stage.phone.number}@c.us"
    return await stage.us.event(
        "presence.update",
        lambda one: one["id"] == them and one["presences"][0]["lastKnownPresence"] == state,
    )


async def test_our_presence_is_seen_by_who_asked(stage: Stage, told: Told) -> None:
    us = jid_of(stage, "number")
    ours: dict[str, Any] = {"from": us}
    await stage.us.done("POST", "presence", json={"presence": "unavailable"})
    await online(stage.phone, True)
    await watch(stage.phone, us)
    await stage.phone.driven.event("doing", **ours, state="unavailable")
    for presence in ("available", "unavailable"):
        await stage.us.done("POST", "presence", json={"presence": presence})
        await stage.phone.driven.event("doing", **ours, state=presence)
    told.rows.append((stage.phone.engine, "number", "our presence", "seen to come and to go"))


async def test_their_presence_and_typing_are_told(stage: Stage, told: Told) -> None:
    them, us = f"{stage.phone.number}@c.us", jid_of(stage, "number")
    # The network tells those who write to each other both addresses.
    await stage.phone.message((await our_text(stage, "number")).id)
    await stage.us.done("POST", "presence", json={"presence": "available"})
    await online(stage.phone, False)
    await stage.us.done("POST", "presence-subscribe", json={"chatId": them})
    for shown, state in ((True, "online"), (False, "offline")):
        await online(stage.phone, shown)
        payload = await told_of_them(stage, state)
        assert payload["presences"][0]["participant"] == them
        assert payload["lid"] == f"{stage.phone.lid}@lid"
    if stage.phone.engine == "whatsmeow":
        await stage.phone.driven.call("presence", to=us)
    else:
        await stage.phone.driven.call("ask", method="sendPresenceUpdate", args=["recording", us])
    await told_of_them(stage, "recording")
    await stage.us.done("POST", "presence", json={"presence": "unavailable"})
    told.rows.append((stage.phone.engine, "number", "their presence", "told: online, offline, recording"))


async def test_who_is_blocked_is_not_heard_until_unblocked(stage: Stage, told: Told) -> None:
    body = {"chatId": f"{stage.phone.number}@c.us"}
    await stage.us.done("POST", "block", json=body)
    unheard = await stage.phone.send_text(jid_of(stage, "number"), "are you there?")
    await stage.us.done("POST", "unblock", json=body)
    heard = await stage.phone.send_text(jid_of(stage, "number"), "and now?")
    await told_of(stage, heard)
    lines = [line.what for line in await stage.sandbox.log(2000) if line.way == "out"]
    messages = [line for line in lines if line.startswith("<message")]
    assert any(heard in line for line in messages)
    assert not any(unheard in line for line in messages)
    told.rows.append((stage.phone.engine, "number", "their text while blocked", "not heard; the next is"))


async def test_our_name_picture_and_status_are_seen(stage: Stage, told: Told) -> None:
    if stage.phone.engine != "baileys":
        pytest.skip("its driver tells neither")
    name = "Post office"
    await stage.us.done("PUT", "profile-name", json={"name": name})
    sent = await our_text(stage, "number")
    got = await stage.phone.driven.event("message", id=sent.id)
    assert got["name"] == name
    picture = {"file": ("me.jpg", jpeg(640, 480), "image/jpeg")}
    given = await stage.us.done("PUT", "profile-picture", files=picture)
    assert given["response_body"]["picture_id"]
    asked = [jid_of(stage, "number"), "image"]
    url = await stage.phone.driven.call("ask", method="profilePictureUrl", args=asked)
    assert url.startswith("https://")
    await stage.us.done("PUT", "profile-status", json={"status": "Open till nine"})
    (about,) = await stage.phone.driven.call("ask", method="fetchStatus", args=asked[:1])
    assert about["status"]["status"] == "Open till nine"
    seen = f"“{name}”, where it lies, “Open till nine”"
    told.rows.append((stage.phone.engine, "number", "our name, picture and status", seen))


async def test_an_engine_is_linked_by_the_code_that_it_shows(
    stage: Stage, engine: Engine, told: Told
) -> None:
    if engine.name != "baileys":
        pytest.skip("our own engine shows one in tests/network/engine/test_pairing_code.py")
    state = stage.note.parent / f"code-{BY_CODE}"
    state.mkdir()
    await stage.sandbox.add_phone(f"+{BY_CODE}", "By code")
    command, variables = engine.command(state, await stage.sandbox.network())
    kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    async with driving(engine.name, command, {**kept, **variables}, state / "engine.log") as driven:
        await driven.event("qr", 40.0)
        code = await driven.call("ask", method="requestPairingCode", args=[BY_CODE])
        async with asyncio.timeout(40):
            await stage.sandbox.type_code(f"+{BY_CODE}", code)
        await driven.event("connected", 40.0)
    assert len((await stage.sandbox.phone(f"+{BY_CODE}")).devices) == 1
    told.rows.append((engine.name, "number", "its pairing code", "typed, and linked"))
