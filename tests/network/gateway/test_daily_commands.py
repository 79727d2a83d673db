"""What a person does every day by commands, each of them once."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.network.gateway.commands import done_by, told

from waypost.sandbox.views import Send
from waypost.testing.gateway_stage import CONTACT, PHONE, Stage, until

pytestmark = pytest.mark.asyncio(loop_scope="package")

GREETING = str(Path(__file__).parents[2] / "audio" / "greeting.mp3")
HERE = ("--instance", "stage")


async def inbox_has(stage: Stage, message_id: str) -> Any:
    found = await until(
        lambda: stage.inbox(),
        lambda found: any(one.id == message_id for one in found.messages),
    )
    return next(one for one in found.messages if one.id == message_id)


async def test_a_recording_goes_to_whom_the_option_names(stage: Stage) -> None:
    sent = await told(stage, "send-voice", GREETING, "--to", CONTACT, "--wait", *HERE)
    assert sent["status"] == "sent"
    arrived = await inbox_has(stage, sent["response_body"]["key"]["id"])
    assert (arrived.type, arrived.media) == ("audio", "ok")


async def test_a_recording_comes_from_standard_input(stage: Stage) -> None:
    words = ("send-voice", "-", "--to", CONTACT, "--json", *HERE)
    sent = await done_by(stage, *words, stdin=Path(GREETING).read_bytes())
    arrived = await inbox_has(stage, json.loads(sent.stdout)["response_body"]["key"]["id"])
    assert (arrived.type, arrived.media) == ("audio", "ok")
    assert (await done_by(stage, *words)).exit_code == 2


async def test_a_text_comes_from_the_command_line_or_from_standard_input(stage: Stage) -> None:
    said = await done_by(stage, "send-text", "Good morning", "--to", CONTACT, "--wait", "20", *HERE)
    assert (said.exit_code, said.stdout.startswith("Sent as message ")) == (0, True), said.output
    piped = await done_by(stage, "send-text", "-", "--to", CONTACT, "--json", *HERE, stdin="two\nlines\n")
    arrived = await inbox_has(stage, json.loads(piped.stdout)["response_body"]["key"]["id"])
    assert arrived.text == "two\nlines"
    bytes_of_none = await done_by(stage, "send-text", "-", "--to", CONTACT, *HERE, stdin=b"\xff\xfe")
    assert (bytes_of_none.exit_code, "UTF-8" in bytes_of_none.stderr) == (2, True)


async def test_a_file_arrives_as_what_the_option_says(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "oven.png").write_bytes(a_png())
    words = ("send-file", str(tmp_path / "oven.png"), "--to", CONTACT, *HERE)
    for kind, arrives_as in (("document", "documentMessage"), ("image", "imageMessage")):
        sent = await told(stage, *words, "--as", kind, "--caption", "The oven")
        arrived = await inbox_has(stage, sent["response_body"]["key"]["id"])
        assert (arrived.media, arrived.text, arrives_as in sent["response_body"]["message"]) == (
            "ok",
            "The oven",
            True,
        )
    wrong = await done_by(stage, *words, "--as", "sticker", "--caption", "x")
    assert (wrong.exit_code, "sticker has none" in wrong.stderr) == (2, True)


def a_png() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (64, 48), "orange").save(data, "PNG")
    return data.getvalue()


async def test_a_number_is_looked_up(stage: Stage) -> None:
    assert (await told(stage, "check", CONTACT, *HERE))["id"] == f"{CONTACT}@c.us"
    absent = await done_by(stage, "check", "447700900187", *HERE)
    assert (absent.exit_code, absent.stderr.count("\n")) == (5, 1)


async def test_the_same_key_sends_once(stage: Stage) -> None:
    words = ("send-text", "once", "--to", CONTACT, "--key", "by-command", "--wait", "0", *HERE)
    assert (await told(stage, *words))["uuid"] == (await told(stage, *words))["uuid"]


async def test_what_was_not_sent_is_told_whole_and_what_waits_goes_on(stage: Stage) -> None:
    lost = await done_by(stage, "send-text", "x", "--to", "447700900187", "--json", *HERE)
    assert (lost.exit_code, lost.stderr.count("\n")) == (7, 1)
    assert json.loads(lost.stdout)["error"]["code"] == "not_on_whatsapp"
    made = await stage.create("by-queue", "447700900153")
    slow = await done_by(stage, "send-text", "x", "--to", CONTACT, "--wait", "0.2", "--instance", made["id"])
    assert (slow.exit_code, "it goes on as" in slow.stderr) == (6, True)


async def test_requests_are_listed_looked_at_cancelled_and_retried(stage: Stage) -> None:
    made = await stage.create("by-orders", "447700900154")
    of = ("--instance", "by-orders")
    uuids = [
        (await told(stage, "send-text", text, "--to", CONTACT, "--wait", "0", *of))["uuid"]
        for text in ("one", "two")
    ]
    assert {one["uuid"] for one in await told(stage, "queue", "--waiting", *of)} == set(uuids)
    (newest,) = await told(stage, "queue", "--limit", "1", *of)
    assert (newest["uuid"], newest["instance"]["id"]) == (uuids[1], made["id"])
    listed = await done_by(stage, "queue", "--chat", CONTACT)
    assert all(uuid in listed.stdout for uuid in uuids), "of all instances, and never cut"
    shown = await done_by(stage, "queue", "show", uuids[0])
    assert "waiting for pairing" in shown.stdout
    ended = await told(stage, "queue", "cancel", *uuids)
    assert {one["status"] for one in ended} == {"cancelled"}
    assert (await done_by(stage, "queue", "show", uuids[0], "--wait")).exit_code == 7
    assert await told(stage, "queue", "--state", "queued", *of) == []
    again = await told(stage, "queue", "retry", uuids[0])
    assert again[0]["status"] in ("queued", "preparing")
    assert (await told(stage, "queue", "show", uuids[0]))["uuid"] == uuids[0]


async def test_events_are_told_a_line_for_each_and_go_on_after_a_place(stage: Stage) -> None:
    sent = await told(stage, "send-text", "heard", "--to", CONTACT, *HERE)
    words = ("tail", "queued_request.finished", *HERE)
    lines = (await done_by(stage, *words, "--after", "0", "-n", "1", "--json")).stdout.splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["queued_request.finished"]
    place, uuids = json.loads(lines[0])["place"], []
    for _ in range(200):
        line = (await done_by(stage, *words, "--after", place, "-n", "1", "--json")).stdout
        place = json.loads(line)["place"]
        uuids.append(json.loads(line)["payload"]["uuid"])
        if sent["uuid"] in uuids:
            break
    assert sent["uuid"] in uuids
    said = await done_by(stage, *words, "--after", "0", "-n", "2")
    assert len(said.stdout.splitlines()) == 2


async def test_without_a_name_events_of_all_instances_are_told_with_whose_they_are(stage: Stage) -> None:
    async def first(*words: str) -> Any:
        return json.loads((await done_by(stage, "tail", *words, "-n", "1", "--json")).stdout)

    made = await stage.create("by-tail", "447700900164")
    created = await first("instance.status", "--after", "0", "-i", "by-tail")
    place = str(int(created["place"]) - 1)
    assert (await first("instance.status", "--after", place))["instance"]["id"] == made["id"]
    await told(stage, "send-text", "to be told", "--to", CONTACT, *HERE)
    whose = (await first("queued_request.finished", "--after", place))["instance"]
    assert whose == {"id": stage.instance.id, "name": "stage"}


async def test_a_webhook_is_made_tried_turned_off_and_removed(stage: Stage) -> None:
    nobody = "http://127.0.0.1:9/hook"
    made = await told(stage, "webhook", "add", nobody, "--event", "message.any", "--header", "X-A: b", *HERE)
    assert (made["events"], made["secret"] is not None, made["headers"]) == (["message.any"], True, ["X-A"])
    assert made["id"] in (await done_by(stage, "webhook", *HERE)).stdout
    tried = await done_by(stage, "webhook", "test", made["id"], *HERE)
    assert (tried.exit_code, tried.stderr.startswith("Not delivered")) == (1, True)
    sent = await told(stage, "send-text", "to be told", "--to", CONTACT, *HERE)
    assert sent["status"] == "sent"

    async def tries() -> Any:
        found = await told(stage, "webhook", "deliveries", made["id"], *HERE)
        return await told(stage, "webhook", "attempts", made["id"], found[-1]["id"], *HERE) if found else {}

    tried_once = await until(tries, lambda found: found.get("log"))
    assert (tried_once["event"], tried_once["log"][0]["response_status"]) == ("message.any", None)
    changed = await told(stage, "webhook", "set", made["id"], "--disable", "--rotate", *HERE)
    assert (changed["enabled"], changed["signing_secret"] != made["signing_secret"]) == (False, True)
    assert await told(stage, "webhook", "deliveries", made["id"], "--state", "dead", *HERE) == []
    assert (await told(stage, "webhook", "resend", made["id"], *HERE))["count"] == 0
    await told(stage, "webhook", "remove", made["id"], *HERE)
    assert (await done_by(stage, "webhook", "remove", made["id"], *HERE)).exit_code == 5


async def test_chats_and_messages_are_read(stage: Stage) -> None:
    await stage.control.send(f"+{CONTACT}", Send(to=f"+{PHONE}", text="\x1b[31mhello\u202e there"))

    async def read() -> Any:
        return await told(stage, "messages", CONTACT, *HERE)

    found = await until(read, lambda found: any("hello\u202e" in one["body"] for one in found))
    assert [one["from"] for one in found if "hello\u202e" in one["body"]] == [f"{CONTACT}@c.us"]
    chats = await told(stage, "chats", *HERE)
    assert f"{CONTACT}@c.us" in [one["id"] for one in chats]
    for words in (("chats",), ("messages", CONTACT)):
        shown = await done_by(stage, *words, *HERE)
        assert "[31mhello there" in shown.stdout, "what would steer the terminal is left out"


async def test_a_message_of_ones_own_says_how_far_it_has_come_and_its_file_is_stored(
    stage: Stage, tmp_path: Path
) -> None:
    sent = await told(stage, "send-voice", GREETING, "--to", CONTACT, *HERE)
    id = sent["response_body"]["key"]["id"]

    async def read() -> Any:
        found = await told(stage, "messages", CONTACT, *HERE)
        return next((one for one in found if one["id"].endswith(id)), {"ack": 0})

    found = await until(read, lambda one: one["ack"] == 4)
    assert found["ackName"] == "PLAYED"
    await told(stage, "messages", CONTACT, "--save", str(tmp_path / "notes"), *HERE)
    assert (tmp_path / "notes" / f"{found['id']}.ogg").read_bytes()[:4] == b"OggS"


async def test_settings_of_an_instance_are_changed_one_by_one(stage: Stage) -> None:
    await stage.create("by-settings", "447700900155")
    words = ("instance", "set", "by-settings")
    await told(stage, *words, "--reject-calls", "--call-text", "Please write")
    await told(stage, *words, "--pacing", "gap_seconds=20", "--pacing", "enabled=true")
    changed = await told(stage, *words, "--when-unknown", "resend", "--pacing", "enabled=")
    assert changed["calls"] == {"reject": True, "text": "Please write"}
    assert (changed["pacing"], changed["when_unknown"]) == ({"gap_seconds": 20.0}, "resend")
    shown = await done_by(stage, "instance", "show", "by-settings")
    assert "gap_seconds=20" in shown.stdout
    cleared = await told(stage, *words, "--pacing", "default", "--call-text", "", "--let-ring")
    assert (cleared["pacing"], cleared["calls"]) == ({}, {"reject": False, "text": None})


async def test_without_a_name_the_only_instance_of_the_token_is_meant(stage: Stage) -> None:
    sent = await done_by(stage, "chats", "--json", WAYPOST_TOKEN=stage.instance.token)
    assert sent.exit_code == 0, sent.stderr
    which = await done_by(stage, "chats")
    assert (which.exit_code, "Which instance?" in which.stderr) == (2, True)
