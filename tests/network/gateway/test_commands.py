"""The commands as a person or a script runs them, without a terminal."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest
from tests.network.gateway.commands import done_by, environment_of, run, told

from waypost.testing.gateway_stage import CONTACT, Stage

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_an_instance_lives_its_life_by_commands(stage: Stage) -> None:
    made = await told(stage, "instance", "create", "--name", "by-command", "--phone", "+447700900151")
    await stage.control.add_phone("+447700900151")
    waiting = asyncio.create_task(run("instance", "qr", "by-command", **environment_of(stage)))
    await stage.control.scan("+447700900151", made["qr_text"])
    code, out, _ = await waiting
    assert (code, "is connected" in out) in ((0, True), (1, False))
    listed = await told(stage, "instance", "list")
    assert made["id"] in [one["id"] for one in listed]
    assert "restarted" in (await told(stage, "instance", "restart", "by-command"))["message"]
    assert "logged out" in (await told(stage, "instance", "logout", "by-command"))["message"]
    assert "deleted" in (await told(stage, "instance", "delete", "by-command", "--yes"))["message"]


async def test_a_command_sends_a_recording_and_says_why_it_can_not(stage: Stage) -> None:
    greeting = str(Path(__file__).parents[2] / "audio" / "greeting.mp3")
    sent = await told(stage, "send-voice", CONTACT, greeting, "--instance", "stage")
    assert (sent["status"], sent["endpoint"]) == ("sent", "send-voice")
    queued = await told(stage, "send-voice", CONTACT, greeting, "--instance", "stage", "--wait", "0")
    assert set(queued) == {"uuid"}
    for words, wanted, reason in (
        (["/nowhere.mp3", "--to", CONTACT], 5, "can't be read"),
        ([greeting, "--to", "nobody"], 2, "chatId"),
        ([greeting, "--to", "447700900188"], 7, "not on whatsapp"),
        ([greeting], 2, "--to CHAT"),
    ):
        done = await done_by(stage, "send-voice", *words, "--instance", "stage")
        err = done.stderr
        assert (done.exit_code, reason in err, err.count("\n")) == (wanted, True, 1), err


async def test_tokens_are_made_brought_listed_and_revoked_by_commands(stage: Stage) -> None:
    made = await told(stage, "token", "create", "--instance", "stage", "--scope", "read")
    assert made["scopes"] == ["read"]
    brought = await told(stage, "token", "import", "8150|" + "s" * 30, "--instance", "stage")
    assert brought["number"] == 8150
    numbers = [one["number"] for one in await told(stage, "token", "list")]
    assert {made["number"], 8150} <= set(numbers)
    await told(stage, "token", "revoke", "8150")


@pytest.mark.parametrize(
    ("arguments", "environment", "wanted", "said"),
    [
        (["instance", "list"], {"WAYPOST_TOKEN": "1|wrong"}, 4, "does not know this token"),
        (["instance", "list"], {"WAYPOST_TOKEN": ""}, 4, "No token"),
        (["instance", "restart", "nobody"], {}, 5, "There is no instance nobody"),
        (["queue", "show", "no-such"], {}, 5, "There is no queued request no-such"),
        (["instance", "list"], {"WAYPOST_URL": "http://127.0.0.1:1"}, 3, "waypost serve"),
        (["instance", "list"], {"WAYPOST_TOKEN": "1|two\nlines"}, 4, "holds what no token has"),
        (["instance", "list"], {"WAYPOST_URL": "ftp://nowhere"}, 2, "begins with http"),
        (["instance", "delete", "stage", "--json"], {}, 2, "--yes"),
        (["token", "revoke", "999999"], {}, 5, "There is no token 999999"),
        (["send-text", "x", "--to", CONTACT, "--to", "447700900187"], {}, 2, "once for each"),
        (["tail", "--after", "x", "-i", "stage"], {}, 2, "--after"),
        (["webhook", "add"], {}, 2, "Missing argument"),
        (["instance", "sets"], {}, 2, "No such command"),
        (["instance", "set", "stage", "--pacing", "speed=1"], {}, 2, "gap_seconds"),
        (["token", "reset-admin", "--data", "/nowhere"], {}, 5, "no gateway's data"),
        (["sandbox", "phones", "--url", "http://127.0.0.1:1"], {}, 3, "sandbox"),
    ],
)
async def test_what_fails_ends_with_one_sentence_and_the_code_of_its_kind(
    stage: Stage, arguments: list[str], environment: dict[str, str], wanted: int, said: str
) -> None:
    done = await done_by(stage, *arguments, **environment)
    assert (done.exit_code, done.stderr.count("\n"), done.stdout) == (wanted, 1, ""), done.output
    assert said in done.stderr
    assert "two" not in done.stderr, "no part of a token is told"


async def test_with_json_what_fails_is_a_document_on_the_error_stream(stage: Stage) -> None:
    for words, environment, error in (
        (("queue",), {"WAYPOST_URL": "http://127.0.0.1:1"}, ("unreachable", 3)),
        (("queue", "--limit", "x"), {}, ("usage", 2)),
        (("queue", "show", "no-such"), {}, ("not_found", 5)),
        (("chats", "-i", "stage"), {"WAYPOST_TOKEN": "1|wrong"}, ("refused", 4)),
        (("send-text", "x", "--to", "447700900187", "-i", "stage"), {}, ("not_on_whatsapp", 7)),
        (("backup", "/nowhere/file", "--data", "/nowhere"), {}, ("backup_unusable", 1)),
    ):
        done = await done_by(stage, *words, "--json", **environment)
        told = json.loads(done.stderr)["error"]
        assert (told["code"], told["exit_code"], done.exit_code) == (*error, error[1]), done.output
        assert told["message"].endswith(".")


async def test_one_that_can_not_be_cancelled_leaves_the_others_no_worse(stage: Stage) -> None:
    await stage.create("by-many", "447700900163")
    words = ("send-text", "x", "--to", CONTACT, "--wait", "0", "--instance", "by-many")
    uuid = (await told(stage, *words))["uuid"]
    done = await done_by(stage, "queue", "cancel", "no-such", uuid, "--json")
    assert (done.exit_code, [one["status"] for one in json.loads(done.stdout)]) == (5, ["cancelled"])


async def test_serve_says_what_is_wrong_before_it_starts(tmp_path: Path) -> None:
    code, _, err = await run("serve", "--port", "many", WAYPOST_DATA=str(tmp_path), WAYPOST_FETCH_ALLOW="a b")
    assert code == 2
    assert err.startswith("WAYPOST_PORT:")
    code, _, err = await run("serve", "--port", "0", WAYPOST_DATA=str(tmp_path), WAYPOST_FETCH_ALLOW="a b")
    assert (code, err.startswith("WAYPOST_FETCH_ALLOW:")) == (2, True)


async def test_serve_tells_url_and_token_once_and_ends_in_good_order_on_sigterm(tmp_path: Path) -> None:
    environment = {**os.environ, "WAYPOST_DATA": str(tmp_path), "WAYPOST_PORT": "0"}
    for start in range(2):
        child = await asyncio.create_subprocess_exec(
            *[sys.executable, "-m", "waypost", "serve"],
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert child.stdout is not None
        async with asyncio.timeout(30):
            lines = [(await child.stdout.readline()).decode()]
            while "waypost instance create" not in lines[-1]:
                lines.append((await child.stdout.readline()).decode())
            child.send_signal(signal.SIGTERM)
            await child.communicate()
        assert child.returncode == 0
        assert lines[0].startswith("Waypost runs at http://127.0.0.1:")
        assert any("admin token" in line for line in lines) is (start == 0)
