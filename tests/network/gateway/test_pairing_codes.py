"""Instances that are linked by a code which is typed into the phone."""

import asyncio

import pytest
from typer.testing import CliRunner

from waypost.cli.main import app
from waypost.testing.gateway_stage import PairedInstance, Stage

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_an_instance_is_linked_by_the_code_and_the_qr_code_comes_back_when_asked_for(
    stage: Stage,
) -> None:
    made = await stage.create("typed", "447700900231")
    who = PairedInstance(id=made["id"], token=made["access_token"], phone="447700900231")
    await stage.control.add_phone("+447700900231", "Typed")
    first = (await stage.http.post(f"{who.base}/request-pairing-code", headers=who.headers)).json()
    assert (first["status"], first["reason"]) == ("SCAN_QR_CODE", "enter_pairing_code")
    assert first["pairing_code_expires_at"]
    shown = (await stage.http.get(f"{who.base}/pairing-code", headers=who.headers)).json()
    assert shown["pairing_code"] == first["pairing_code"]
    no_qr = (await stage.http.get(f"{who.base}/qr-code", headers=who.headers)).json()
    assert no_qr["qr_text"] is None
    scanned = (await stage.http.post(f"{who.base}/request-new-qr-code", headers=who.headers)).json()
    assert scanned["qr_text"]
    again = (await stage.http.post(f"{who.base}/request-pairing-code", headers=who.headers)).json()
    assert again["pairing_code"] not in (None, first["pairing_code"])
    await stage.control.type_code("+447700900231", again["pairing_code"])
    await stage.status(who, "WORKING")
    busy = await stage.http.post(f"{who.base}/request-pairing-code", headers=who.headers)
    assert busy.status_code == 409


async def test_the_command_says_the_code_and_ends_when_it_was_typed(stage: Stage) -> None:
    made = await stage.create("spoken", "447700900232")
    who = PairedInstance(id=made["id"], token=made["access_token"], phone="447700900232")
    await stage.control.add_phone("+447700900232")
    words = ["instance", "pair", "spoken", "--code", "--url", str(stage.http.base_url)]
    words += ["--token", stage.admin["Authorization"].removeprefix("Bearer ")]
    running = asyncio.create_task(asyncio.to_thread(CliRunner().invoke, app, words))
    code = None
    async with asyncio.timeout(30):
        while code is None:
            shown = await stage.http.get(f"{who.base}/pairing-code", headers=who.headers)
            code = shown.json()["pairing_code"]
    await stage.control.type_code("+447700900232", code)
    ended = await running
    assert ended.exit_code == 0, ended.output
    assert code in ended.output
    assert f"sandbox phones code +447700900232 {code}" in ended.output
    assert "spoken is connected." in ended.output
