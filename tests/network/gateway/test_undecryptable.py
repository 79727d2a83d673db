"""A recipient that lost its keys asks again; an engine that was restarted in between can't answer."""

import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

from tests.network.gateway.told import Journal

from waypost.engine.supervisor import Supervisor
from waypost.sandbox.views import ContactPatch, NewFailure
from waypost.testing.gateway_stage import CONTACT, Stage, gateway_stage, until


async def test_an_unanswered_retry_after_an_engine_restart_ends_as_undecryptable(tmp_path: Path) -> None:
    async with gateway_stage(tmp_path, undecryptable_seconds=0.05) as stage:
        first = await _send_text(stage, "before")
        assert (await _request(stage, first))["status"] == "sent"

        number = f"+{stage.instance.phone}"
        # The rule cuts the connection when it is made; that one login passes, those behind it are refused.
        refused = await stage.control.fail(NewFailure("server_error", phone=number, skip=1))
        await until(_login_passed(stage, refused.id), bool)
        await stage.status(stage.instance, "WORKING")
        await stage.control.change_contact(f"+{CONTACT}", ContactPatch(forget_sessions=True))
        await stage.control.fail(NewFailure("drop_connection", phone=number, times=1, when="after"))
        lost = await _send_text(stage, "lost")
        await stage.status(stage.instance, "STARTING")
        for process in cast("Supervisor", stage.gateway.engine).processes:
            os.kill(process.pid, signal.SIGKILL)
        await stage.control.end_failure(refused.id)

        async def swept() -> dict[str, Any]:
            await stage.gateway.outbox.sweep()
            return await _request(stage, lost)

        request = await until(swept, lambda request: request["message_status"] == "ERROR", within=30)
        assert request["error"]["code"] == "undecryptable"
        assert request["response_body"]["status"] == "ERROR"
        key = request["response_body"]["key"]["id"]
        journal = Journal(tmp_path, stage.instance.id)
        told = await journal.one("message.ack", lambda one: one["ack"] == -1)
        assert (told["id"], told["ackName"]) == (f"true_{CONTACT}@c.us_{key}", "ERROR")


def _login_passed(stage: Stage, failure_id: str) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return any(one.id == failure_id and one.passed for one in await stage.control.failures())

    return look


async def _send_text(stage: Stage, text: str) -> str:
    body = {"chatId": f"{CONTACT}@c.us", "text": text}
    answer = await stage.http.post(
        f"{stage.instance.base}/send-text", headers=stage.instance.headers, json=body
    )
    link: str = answer.raise_for_status().json()["queued_request_link"]
    if text == "before":
        await stage.finished(answer)
    return link


async def _request(stage: Stage, link: str) -> dict[str, Any]:
    found: dict[str, Any] = (await stage.http.get(link, headers=stage.instance.headers)).json()
    return found
