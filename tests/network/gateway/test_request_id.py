"""A request id goes with a call: into its answer, its row, the lines of the log and the webhook."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from waypost.testing.gateway_stage import gateway_stage
from waypost.testing.receiver import receiving

GREETING = (Path(__file__).parents[2] / "audio" / "greeting.mp3").read_bytes()


def lines_about(capfd: pytest.CaptureFixture[str], request_id: str) -> list[dict[str, Any]]:
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    found = [msgspec.json.decode(line, type=dict[str, Any]) for line in lines]
    return [line for line in found if line.get("request_id") == request_id]


async def test_a_call_and_all_that_comes_of_it_have_one_name(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings: dict[str, Any] = {"webhook_allow": ["127.0.0.1"], "log_level": "debug", "log_format": "json"}
    async with receiving() as receiver, gateway_stage(tmp_path, **settings) as stage:
        hook = {"url": receiver.url, "events": ["queued_request.finished", "message.any"]}
        hook_path = f"{stage.instance.base}/webhooks"
        made = await stage.http.post(hook_path, headers=stage.instance.headers, json=hook)
        assert made.status_code in (200, 201)
        # Of two calls at once, each keeps its own.
        other = await stage.send_voice(GREETING, headers={"X-Request-Id": "other-1"})
        answer = await stage.send_voice(GREETING, headers={"X-Request-Id": "order-4711"})
        assert answer.headers["x-request-id"] == "order-4711"
        request = await stage.finished(answer)
        assert request["request_id"] == "order-4711"
        assert (await stage.finished(other))["request_id"] == "other-1"
        finished = await receiver.until(2, "queued_request.finished")
        told = {one.payload["uuid"]: one.headers.get("x-request-id") for one in finished}
        assert told[request["uuid"]] == "order-4711"
        # One that brings none, or one that can't be passed on, is given one.
        plain = await stage.http.get(hook_path)
        odd = await stage.http.get(hook_path, headers={"X-Request-Id": "a b"})
        given = {one.headers["x-request-id"] for one in (plain, odd)}
        assert [len(name) for name in given] == [32, 32]
        # So do answers that no endpoint gave.
        for path in ("/nowhere", "/healthz", f"{stage.instance.base}/queued-requests/none"):
            answer = await stage.http.get(path, headers={"X-Request-Id": "lost-1"})
            assert answer.headers["x-request-id"] == "lost-1"
        sent = await receiver.until(2, "message.any")
        assert {one.headers.get("x-request-id") for one in sent} == {"order-4711", "other-1"}
    events = lines_about(capfd, "order-4711")
    assert {"request_finished", "engine_command_done"} <= {line["event"] for line in events}
    assert {line["request"] for line in events if line["event"] == "request_finished"} == {request["uuid"]}
    commands = {line["command"] for line in events if line["event"] == "engine_command_done"}
    assert {"UploadFile", "SendMessage"} <= commands
