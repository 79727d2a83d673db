"""App state, presence, profiles and codes, as a client in pure Python sees them."""

import asyncio
import os

import pytest

from waypost.errors import SandboxError
from waypost.sandbox.account_views import ChatSettings, ContactProfile
from waypost.sandbox.client import SandboxClient
from waypost.sandbox.server import Sandbox
from waypost.sandbox.views import Send
from waypost.sandbox.wire.node import LID_SERVER, PHONE_SERVER, SERVER_JID, Jid, Node
from waypost.sandbox.wire.proto.sync_pb2 import SyncActionValue, SyncdPatch
from waypost.sandbox.wire.sync import open_patch, read_patch, seal_patch

from .companion import Companion
from .conftest import SHOP, link

ADA = "+491700000001"
STAR = ("star", "491700000001@s.whatsapp.net", "3EB0AA", "1", "0")
JPEG = b"\xff\xd8\xff and the rest of it"


def star(companion: Companion, version: int, known: dict[bytes, bytes] | None = None) -> SyncdPatch:
    assert companion.sync_key is not None
    value = SyncActionValue(star=SyncActionValue.Star(starred=True))
    return seal_patch(
        "regular_high", version, known or {}, [(STAR, 2, value)], companion.sync_key, os.urandom
    )


async def sync(companion: Companion, name: str, base: int, patch: SyncdPatch | None = None) -> Node:
    content = None if patch is None else (Node("patch", {}, patch.SerializeToString()),)
    asked = Node("collection", {"name": name, "version": str(base)}, content)
    answer = await companion.ask("w:sync:app:state", "set", Node("sync", {}, (asked,)))
    return answer.need_child("sync").need_child("collection")


async def test_a_patch_is_numbered_and_reaches_the_phone_and_the_other_companion(
    sandbox: Sandbox, client: SandboxClient, companion: Companion
) -> None:
    other = await link(sandbox, client)
    async with (
        companion.connected(sandbox, companion.login()),
        other.connected(sandbox, other.login()),
    ):
        await companion.next("success")
        await other.take_key()
        assert other.sync_key == companion.sync_key
        written = await sync(companion, "regular_high", 0, star(companion, 1))
        assert (written.attr("type"), written.need("version")) == (None, "1")
        told = await other.next("notification", type="server_sync")
        assert told.need_child("collection").attrs == {"name": "regular_high", "version": "1"}
        read = await sync(other, "regular_high", 0)
        (patch,) = read.need_child("patches").nodes
        found = read_patch(patch.data)
        assert found.version.version == 1
        assert other.sync_key is not None
        assert [entry.index for entry in open_patch(found, other.sync_key)] == [STAR]
        assert (await sync(other, "regular_high", 1)).child("patches") is None
    (starred,) = (await client.phone_state(SHOP)).starred
    assert (starred.id, starred.from_me) == ("3EB0AA", True)


async def test_of_two_patches_on_one_version_the_second_conflicts_and_gets_what_it_lacks(
    sandbox: Sandbox, companion: Companion
) -> None:
    async with companion.connected(sandbox, companion.login()):
        await companion.next("success")
        await sync(companion, "regular_high", 0, star(companion, 1))
        refused = await sync(companion, "regular_high", 0, star(companion, 1))
        assert refused.attr("type") == "error"
        assert refused.need_child("error").need("code") == "409"
        assert len(refused.need_child("patches").nodes) == 1


async def test_a_patch_that_the_phone_can_not_read_is_left_out(
    sandbox: Sandbox, client: SandboxClient, companion: Companion
) -> None:
    async with companion.connected(sandbox, companion.login()):
        await companion.next("success")
        broken = star(companion, 1)
        broken.mutations[0].record.value.blob = bytes(64)
        await sync(companion, "regular_high", 0, broken)
        assert (await client.phone_state(SHOP)).starred == []
        await sync(companion, "regular_high", 1, star(companion, 2))
        assert len((await client.phone_state(SHOP)).starred) == 1


async def test_what_the_phone_saves_reaches_its_companion(
    sandbox: Sandbox, client: SandboxClient, companion: Companion
) -> None:
    await client.save_contact(SHOP, ADA, "Ada of sales")
    shown = await client.set_chat(SHOP, ChatSettings(ADA, archived=True, muted=True))
    assert [(one.phone, one.name) for one in shown.contacts] == [(ADA, "Ada of sales")]
    assert [(one.archived, one.muted, one.pinned) for one in shown.chats] == [(True, True, None)]
    async with companion.connected(sandbox, companion.login()):
        await companion.activate()
        for _ in range(3):
            await companion.next("notification", type="server_sync")
        assert companion.sync_key is not None
        for name, index in (
            ("critical_unblock_low", "contact"),
            ("regular_low", "archive"),
            ("regular_high", "mute"),
        ):
            (patch,) = (await sync(companion, name, 0)).need_child("patches").nodes
            (entry,) = open_patch(read_patch(patch.data), companion.sync_key)
            assert entry.index[0] == index


async def test_presence_is_told_to_those_who_asked_and_are_online(
    sandbox: Sandbox, client: SandboxClient, companion: Companion
) -> None:
    ada = Jid(ADA[1:], PHONE_SERVER)
    async with companion.connected(sandbox, companion.login()):
        await companion.next("success")
        await client.does(ADA, "available")
        await companion.send(Node("presence", {"type": "subscribe", "to": ada}))
        await companion.ask("w:p", "get")
        assert companion.received.empty()
        await companion.send(Node("presence", {"type": "available", "name": "Shop"}))
        await companion.send(Node("presence", {"type": "subscribe", "to": ada}))
        assert (await companion.next("presence")).attrs == {"from": ada}
        await client.does(ADA, "unavailable")
        gone = await companion.next("presence")
        assert gone.attr("type") == "unavailable"
        assert gone.need("last").isdecimal()
        await client.set_profile(ADA, ContactProfile(blocks=SHOP))
        await companion.send(Node("presence", {"type": "subscribe", "to": ada}))
        assert (await companion.next("presence")).need("last") == "deny"
    seen = [(one.phone, one.state) for one in await client.seen(ADA)]
    assert seen[0] == (SHOP, "available")


async def test_typing_is_seen_by_both_sides(
    sandbox: Sandbox, client: SandboxClient, companion: Companion
) -> None:
    to = Jid(ADA[1:], PHONE_SERVER)
    async with companion.connected(sandbox, companion.login()):
        await companion.next("success")
        recording = (Node("composing", {"media": "audio"}),)
        await companion.send(Node("chatstate", {"to": to}, recording))
        await companion.send(Node("chatstate", {"to": to}, (Node("paused"),)))
        await companion.ask("w:p", "get")
        assert [one.state for one in await client.seen(ADA)] == ["recording", "paused"]
        assert await client.does(ADA, "recording", SHOP) == 1
        told = await companion.next("chatstate")
        assert told.need_jid("from").server == LID_SERVER
        assert told.nodes == recording


async def test_who_is_blocked_reaches_nobody(
    sandbox: Sandbox, client: SandboxClient, companion: Companion
) -> None:
    async with companion.connected(sandbox, companion.login()):
        await companion.activate()
        item = Node("item", {"jid": Jid(ADA[1:], PHONE_SERVER), "action": "block"})
        listed = (await companion.ask("blocklist", "set", item)).need_child("list")
        assert [one.need_jid("pn_jid").user for one in listed.nodes] == [ADA[1:]]
        assert (await client.phone_state(SHOP)).blocked == [ADA]
        assert (await client.send(ADA, Send(to=SHOP, text="are you there?"))).devices == 0
        item = Node("item", {"jid": Jid(ADA[1:], PHONE_SERVER), "action": "unblock"})
        await companion.ask("blocklist", "set", item)
        assert (await companion.ask("blocklist", "get")).need_child("list").nodes == ()
        sent = await client.send(ADA, Send(to=SHOP, text="and now?"))
        await companion.next("message", id=sent.id)


async def test_a_picture_and_a_text_are_shown_to_others(
    sandbox: Sandbox, client: SandboxClient, companion: Companion
) -> None:
    ask = Node("picture", {"type": "image", "query": "url"})
    async with companion.connected(sandbox, companion.login()):
        await companion.next("success")

        async def picture(of: str) -> Node:
            attrs: dict[str, str | Jid] = {"xmlns": "w:profile:picture", "type": "get", "id": of}
            target = Jid(of[1:], PHONE_SERVER)
            await companion.send(Node("iq", {**attrs, "to": SERVER_JID, "target": target}, (ask,)))
            return await companion.next("iq", id=of)

        assert (await picture(ADA)).need_child("error").need("code") == "404"
        await client.set_profile(ADA, ContactProfile(picture=JPEG))
        assert "/v/" in (await picture(ADA)).need_child("picture").need("url")
        kept = await companion.ask("w:profile:picture", "set", Node("picture", {"type": "image"}, JPEG))
        id = kept.need_child("picture").need("id")
        refused = await companion.ask("w:profile:picture", "set", Node("picture", {}, b"GIF89a"))
        assert refused.need_child("error").need("code") == "406"
        await companion.ask("status", "set", Node("status", {}, b"open till six"))
        shown = await client.phone_state(SHOP)
        assert (shown.picture_id, shown.about) == (id, "open till six")


@pytest.mark.parametrize("code", ["", "ABCD", "ABCD-123O", "ABCD-12345"])
async def test_what_is_no_pairing_code_is_refused(client: SandboxClient, code: str) -> None:
    await client.add_phone(SHOP)
    with pytest.raises(SandboxError, match="8 letters"):
        await client.type_code(SHOP, code)


async def test_a_code_that_no_device_shows_is_refused(client: SandboxClient) -> None:
    await client.add_phone(SHOP)
    with pytest.raises(SandboxError, match="No device waits"):
        await client.type_code(SHOP, "ABCD-1234")


@pytest.mark.parametrize("type", ["read", "read-self"])
async def test_what_one_companion_has_read_the_others_are_told(
    sandbox: Sandbox, client: SandboxClient, companion: Companion, type: str
) -> None:
    other = await link(sandbox, client)
    sent = await client.send(ADA, Send(to=SHOP, text="look"))
    async with (
        companion.connected(sandbox, companion.login()),
        other.connected(sandbox, other.login()),
    ):
        await other.take_key()
        await companion.activate()
        message = await companion.next("message", id=sent.id)
        ada = message.need_jid("from")
        await companion.send(Node("receipt", {"id": sent.id, "to": ada, "type": type}))
        told = await other.next("receipt", type="read-self")
        assert (told.need("id"), told.need_jid("recipient")) == (sent.id, ada)
        assert told.need_jid("from").user == companion.lid
    async with asyncio.timeout(10):
        while (status := (await client.sent(ADA, sent.id)).status) != "read" and type == "read":
            await asyncio.sleep(0.005)
    assert status == ("read" if type == "read" else "sent")
