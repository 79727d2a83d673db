import os
from pathlib import Path

import pytest

from waypost.errors import SandboxError
from waypost.sandbox.client import SandboxClient
from waypost.sandbox.server import Sandbox, start_sandbox
from waypost.sandbox.settings import SandboxSettings
from waypost.sandbox.views import NewFailure, Send
from waypost.sandbox.wire.frames import frame
from waypost.sandbox.wire.node import LID_SERVER, PHONE_SERVER, SERVER_JID, Jid, Node

from .companion import Companion
from .conftest import SHOP, link

ADA = "+491700000001"


async def ada(client: SandboxClient) -> Jid:
    return Jid((await client.contact(ADA)).lid, LID_SERVER)


async def test_a_linked_companion_logs_in_and_gets_its_stanzas_only_after_active(
    sandbox: Sandbox, client: SandboxClient, companion: Companion
) -> None:
    sent = await client.send(ADA, Send(to=SHOP, text="hello"))
    async with companion.connected(sandbox, companion.login()):
        await companion.next("success")
        await companion.ask("w:p", "get")
        assert companion.received.empty()
        await companion.activate()
        message = await companion.next("message")
        assert (message.need("id"), message.attr("offline")) == (sent.id, "0")
        assert (await companion.next("ib")).need_child("offline").need("count") == "1"
        assert companion.open(message).conversation == "hello"


async def test_what_is_not_confirmed_comes_again_at_the_next_login(
    sandbox: Sandbox, client: SandboxClient, companion: Companion
) -> None:
    sent = await client.send(ADA, Send(to=SHOP, text="hello"))
    for _ in range(2):
        async with companion.connected(sandbox, companion.login()):
            await companion.activate()
            assert (await companion.next("message")).need("id") == sent.id
    async with companion.connected(sandbox, companion.login()):
        await companion.activate()
        message = await companion.next("message")
        receipt: dict[str, str | Jid] = {"id": sent.id, "to": message.need_jid("from")}
        await companion.send(Node("receipt", receipt))
        assert (await companion.next("ack")).attr("class") == "receipt"
    async with companion.connected(sandbox, companion.login()):
        await companion.activate()
        assert (await companion.next("ib")).need_child("offline").need("count") == "0"
    assert (await client.sent(ADA, sent.id)).status == "delivered"


async def test_a_frame_that_is_sent_twice_is_acked_twice_and_delivered_once(
    sandbox: Sandbox, client: SandboxClient, companion: Companion
) -> None:
    async with companion.connected(sandbox, companion.login()):
        await companion.next("success")
        message = await companion.text(await ada(client), "once", "ID1")
        for _ in range(2):
            await companion.send(message)
            assert (await companion.next("ack", id="ID1")).attr("error") is None
        await companion.send(await companion.text(await ada(client), "then", "ID2"))
        await companion.next("ack", id="ID2")
        await client.next_message(ADA, after=1)
    messages = (await client.inbox(ADA)).messages
    assert [(message.text, message.times) for message in messages] == [("once", 1), ("then", 1)]


async def test_a_message_that_is_encrypted_twice_under_one_id_is_counted(
    sandbox: Sandbox, client: SandboxClient, companion: Companion
) -> None:
    async with companion.connected(sandbox, companion.login()):
        await companion.next("success")
        to = await ada(client)
        for count in ("1", "2"):
            message = await companion.text(to, "again", "ID1")
            enc = message.need_child("participants").need_child("to").need_child("enc")
            direct = Node("enc", {**enc.attrs, "count": count}, enc.content)
            await companion.send(Node("message", {**message.attrs, "to": to}, (direct,)))
            await companion.next("ack", id="ID1")
        await companion.send(await companion.text(to, "end", "ID2"))
        await client.next_message(ADA, after=1)
    assert [message.times for message in (await client.inbox(ADA)).messages] == [2, 1]


async def test_a_restart_loses_nothing(tmp_path: Path) -> None:
    settings = SandboxSettings(data=tmp_path, close_delay=0.05)
    async with start_sandbox(settings) as sandbox, SandboxClient(sandbox.control_url) as client:
        companion = await link(sandbox, client)
        sent = await client.send(ADA, Send(to=SHOP, text="before"))
        await client.fail(NewFailure(kind="ban", phone=SHOP, times=1))
        network, to = await client.network(), await ada(client)
    async with start_sandbox(settings) as sandbox, SandboxClient(sandbox.control_url) as client:
        again = await client.network()
        assert (again.ca_pem, again.noise_root_public) == (network.ca_pem, network.noise_root_public)
        async with companion.connected(sandbox, companion.login()):
            assert (await companion.next("failure")).attr("reason") == "402"
        async with companion.connected(sandbox, companion.login()):
            await companion.activate()
            assert companion.open(await companion.next("message", id=sent.id)).conversation == "before"
            await companion.send(await companion.text(to, "after", "ID1"))
            assert (await client.next_message(ADA)).text == "after"


async def test_a_device_of_a_lost_state_is_told_to_come_back_and_not_logged_out(sandbox: Sandbox) -> None:
    companion = Companion()
    companion.number, companion.device = "4915200000077", 3
    async with companion.connected(sandbox, companion.login()):
        assert (await companion.next("failure")).attr("reason") == "503"


async def test_an_unlinked_device_is_logged_out(
    sandbox: Sandbox, client: SandboxClient, companion: Companion
) -> None:
    await client.unlink(SHOP)
    async with companion.connected(sandbox, companion.login()):
        assert (await companion.next("failure")).attr("reason") == "401"


async def test_an_unknown_request_is_answered_and_logged(
    sandbox: Sandbox, client: SandboxClient, companion: Companion
) -> None:
    async with companion.connected(sandbox, companion.login()):
        await companion.next("success")
        answer = await companion.ask("urn:nonsense", "get", Node("query"))
        assert answer.need_child("error").attr("code") == "501"
    assert any("urn:nonsense" in line.what for line in await client.log())
    assert (await client.stats()).counts["unknown_requests"] == 1


UNKNOWN = [
    ("w:mex", "get", Node("query", {"query_id": "1"})),
    ("md", "set", Node("nonsense")),
    ("privacy", "set", Node("nonsense")),
]


@pytest.mark.parametrize(("xmlns", "type", "content"), UNKNOWN, ids=lambda each: str(each))
async def test_an_unknown_question_of_a_known_kind_counts_as_unknown(
    sandbox: Sandbox, client: SandboxClient, companion: Companion, xmlns: str, type: str, content: Node
) -> None:
    async with companion.connected(sandbox, companion.login()):
        await companion.next("success")
        await companion.ask(xmlns, type, content)
    assert (await client.stats()).counts["unknown_requests"] == 1


async def test_a_request_that_lacks_what_it_needs_counts_as_refused(
    sandbox: Sandbox, client: SandboxClient, companion: Companion
) -> None:
    async with companion.connected(sandbox, companion.login()):
        await companion.next("success")
        answer = await companion.ask("w:mex", "get", Node("query"))
        assert answer.need_child("error").attr("code") == "400"
    assert (await client.stats()).counts["refused_stanzas"] == 1


async def test_a_privacy_setting_is_confirmed(
    sandbox: Sandbox, client: SandboxClient, companion: Companion
) -> None:
    wanted = Node("privacy", {}, (Node("category", {"name": "last", "value": "none"}),))
    async with companion.connected(sandbox, companion.login()):
        await companion.next("success")
        answer = (await companion.ask("privacy", "set", wanted)).need_child("privacy")
        assert {one.need("name"): one.need("value") for one in answer.nodes}["last"] == "none"
        assert (await companion.ask("privacy", "get")).need_child("privacy") == answer


NONSENSE = [
    Node("message", {"id": "X"}),
    Node("message", {"id": "X", "to": Jid("1", LID_SERVER)}, b"no children"),
    Node("receipt", {"to": SERVER_JID}),
    Node("ack"),
    Node("iq", {"type": "set"}),
    Node("nonsense", {}, (Node("deep", {}, b"\x00"),)),
]
MALFORMED = [
    ("usync", "get", Node("usync")),
    ("usync", "get", Node("usync", {}, (Node("query"), Node("list", {}, (Node("user"),))))),
    ("encrypt", "get", Node("key", {}, (Node("user"),))),
    ("encrypt", "set", Node("list")),
    ("encrypt", "set", Node("rotate", {}, (Node("skey", {}, (Node("id", {}, b"\xff" * 40),)),))),
    ("w:sync:app:state", "set", Node("sync", {}, (Node("collection"),))),
    ("md", "set", Node("nonsense")),
]


async def test_a_stanza_that_makes_no_sense_leaves_the_connection_alive(
    sandbox: Sandbox, companion: Companion
) -> None:
    async with companion.connected(sandbox, companion.login()):
        await companion.next("success")
        for node in NONSENSE:
            await companion.send(node)
            assert (await companion.ask("w:p", "get")).attr("type") == "result", node


async def test_a_malformed_request_gets_an_error(sandbox: Sandbox, companion: Companion) -> None:
    async with companion.connected(sandbox, companion.login()):
        await companion.next("success")
        for xmlns, type, content in MALFORMED:
            assert (await companion.ask(xmlns, type, content)).attr("type") == "error", content
            assert (await companion.ask("w:p", "get")).attr("type") == "result"


async def test_garbage_ends_its_own_connection_only(
    sandbox: Sandbox, client: SandboxClient, companion: Companion
) -> None:
    async with companion.connected(sandbox, companion.login()):
        await companion.next("success")
        other = Companion()
        async with other.connected(sandbox, other.registration()):
            await other.next("iq")
            await other.send_raw(frame(os.urandom(100)))
            await other.next("closed")
        assert (await companion.ask("w:p", "get")).attr("type") == "result"


async def test_a_ciphertext_that_does_not_open_is_answered_with_retry_receipts(
    sandbox: Sandbox, client: SandboxClient, companion: Companion
) -> None:
    async with companion.connected(sandbox, companion.login()):
        await companion.activate()
        to = await ada(client)
        forged = Node("enc", {"v": "2", "type": "msg"}, os.urandom(80))
        for count in ("1", "2"):
            enc = Node("enc", {**forged.attrs, "count": count}, forged.content)
            await companion.send(Node("message", {"to": to, "id": "BAD", "type": "text"}, (enc,)))
            receipt = await companion.next("receipt", type="retry")
            assert receipt.need_child("retry").attr("count") == count
            assert (receipt.child("keys") is not None) is (count == "2")


async def test_a_number_that_is_unknown_is_refused_and_the_log_names_the_command(
    sandbox: Sandbox, client: SandboxClient, companion: Companion
) -> None:
    user = Node("user", {}, (Node("contact", {}, b"+4915299999998"),))
    query = (Node("query", {}, (Node("contact"),)), Node("list", {}, (user,)))
    async with companion.connected(sandbox, companion.login()):
        await companion.next("success")
        await companion.send(Node("message", {"to": Jid("4915299999999", PHONE_SERVER), "id": "X"}))
        assert (await companion.next("ack", id="X")).attr("error") == "404"
        answer = (await companion.ask("usync", "get", Node("usync", {}, query))).path("usync", "list", "user")
        assert answer is not None
        assert answer.need_child("contact").attr("type") == "out"
    told = " ".join(line.what for line in await client.log())
    assert "`waypost sandbox contacts add +4915299999999`" in told
    assert "`waypost sandbox contacts add +4915299999998`" in told


async def test_a_message_that_makes_no_sense_is_refused_and_not_left_silent(
    sandbox: Sandbox, companion: Companion
) -> None:
    async with companion.connected(sandbox, companion.login()):
        await companion.next("success")
        to = Jid(companion.lid, LID_SERVER)
        fan_out = Node("participants", {}, (Node("to"),))
        await companion.send(Node("message", {"to": to, "id": "X"}, (fan_out,)))
        assert (await companion.next("ack", id="X")).attr("error") == "400"


async def test_the_nack_behind_a_retry_receipt_leaves_the_resend_in_the_queue(
    sandbox: Sandbox, client: SandboxClient, companion: Companion
) -> None:
    sent = await client.send(ADA, Send(to=SHOP, text="twice"))
    async with companion.connected(sandbox, companion.login()):
        await companion.activate()
        first = await companion.next("message", id=sent.id)
        retry = Node("retry", {"id": sent.id, "count": "1", "v": "1", "t": first.need("t")})
        registration = Node("registration", {}, companion.party.registration_id.to_bytes(4))
        about: dict[str, str | Jid] = {"id": sent.id, "to": first.need_jid("from")}
        await companion.upload(3)
        await companion.send(Node("receipt", {**about, "type": "retry"}, (retry, registration)))
        await companion.next("message", id=sent.id)
        nack = Node("ack", {**about, "class": "message", "error": "500"})
        await companion.send(nack)
        await companion.ask("w:p", "get")
        (device,) = (await client.phone(SHOP)).devices
        assert device.waiting == 1
        # Another one has no retry receipt before it: then it is what ends the message.
        await companion.send(nack)
        await companion.ask("w:p", "get")
        (device,) = (await client.phone(SHOP)).devices
        assert device.waiting == 0


RECEIPTS = (None, "inactive", "read", "played", "sender", "read-self", "peer_msg", "hist_sync", "retry")


async def test_receipts_of_all_types_reach_the_sender_with_their_children(
    sandbox: Sandbox, client: SandboxClient, companion: Companion
) -> None:
    other = await link(sandbox, client)
    to = Jid(companion.lid, LID_SERVER, companion.device)
    async with (
        companion.connected(sandbox, companion.login()),
        other.connected(sandbox, other.login()),
    ):
        await companion.activate()
        await other.next("success")
        for number, type in enumerate(RECEIPTS):
            attrs: dict[str, str | Jid] = {"id": f"ID{number}", "to": to}
            attrs |= {} if type is None else {"type": type}
            await other.send(Node("receipt", attrs, (Node("list", {}, (Node("item", {"id": "MORE"}),)),)))
            assert (await other.next("ack", id=f"ID{number}")).attr("type") == type
            receipt = await companion.next("receipt", id=f"ID{number}")
            assert (receipt.attr("type"), receipt.need_jid("from").device) == (type, other.device)
            assert receipt.need_child("list").need_child("item").attr("id") == "MORE"


async def test_prekeys_are_handed_out_once_and_asked_for_when_few(
    sandbox: Sandbox, client: SandboxClient, companion: Companion
) -> None:
    async with companion.connected(sandbox, companion.login()):
        await companion.activate()
        await companion.upload(7)
        jid = Jid(companion.lid, LID_SERVER, companion.device)
        key = Node("key", {}, (Node("user", {"jid": jid}),))
        ids = []
        for _ in range(2):
            user = (await companion.ask("encrypt", "get", key)).path("list", "user")
            assert user is not None
            ids.append(user.need_child("key").need_child("id").data)
        assert ids[0] != ids[1]
        notification = await companion.next("notification", type="encrypt")
        assert notification.need_child("count").attr("value") == "5"


async def test_a_phone_that_does_not_exist_names_the_command(client: SandboxClient) -> None:
    with pytest.raises(SandboxError, match="waypost sandbox phones add \\+4915299999999"):
        await client.unlink("+4915299999999")


async def test_a_request_can_be_made_unknown(
    sandbox: Sandbox, client: SandboxClient, companion: Companion
) -> None:
    await client.fail(NewFailure(kind="unknown_iq", xmlns="w:p", times=1))
    async with companion.connected(sandbox, companion.login()):
        await companion.next("success")
        answers = [(await companion.ask("w:p", "get")).attr("type") for _ in range(2)]
        assert answers == ["error", "result"]


async def test_a_failure_applies_after_the_occasions_that_it_skips(
    sandbox: Sandbox, client: SandboxClient, companion: Companion
) -> None:
    await client.fail(NewFailure(kind="refuse_message", phone=SHOP, code=479, skip=1, times=1))
    async with companion.connected(sandbox, companion.login()):
        await companion.next("success")
        codes = []
        for id in ("A", "B", "C"):
            await companion.send(await companion.text(await ada(client), "text", id))
            codes.append((await companion.next("ack", id=id)).attr("error"))
        assert codes == [None, "479", None]


async def test_two_devices_of_a_phone_both_get_a_message(
    sandbox: Sandbox, client: SandboxClient, companion: Companion
) -> None:
    other = await link(sandbox, client)
    sent = await client.send(ADA, Send(to=SHOP, text="both"))
    assert sent.devices == 3
    for device in (companion, other):
        async with device.connected(sandbox, device.login()):
            await device.activate()
            assert device.open(await device.next("message", id=sent.id)).conversation == "both"
