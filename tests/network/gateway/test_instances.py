"""Instances over the API, with the real engine and a phone that scans, leaves, or is the wrong one."""

import asyncio
import base64
import struct
import sys
from pathlib import Path

import httpx
import msgspec
import pytest

from waypost.errors import DATA_FOLDER_BUSY, StorageError
from waypost.gateway import start_gateway
from waypost.testing.gateway_stage import BASE, CONTACT, PairedInstance, Stage, settings_for, until

pytestmark = pytest.mark.asyncio(loop_scope="package")

GREETING = (Path(__file__).parents[2] / "audio" / "greeting.mp3").read_bytes()


async def test_a_new_instance_shows_a_code_and_its_token_once(stage: Stage) -> None:
    made = await stage.create("fresh", "447700900131")
    assert made["status"] == "SCAN_QR_CODE"
    png = base64.b64decode(made["qr_code"], validate=True)
    assert png.startswith(b"\x89PNG")
    assert struct.unpack(">I", png[16:20])[0] > 100
    assert "|" in made["access_token"]
    headers = {"Authorization": f"Bearer {made['access_token']}"}
    listed = (await stage.http.get(f"{BASE}/instances", headers=headers)).json()
    assert [(one["id"], one["access_token"]) for one in listed] == [(made["id"], None)]
    again = await stage.http.post(f"{BASE}/{made['id']}/request-new-qr-code", headers=headers)
    assert again.json()["qr_code"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "stage", "phone": "+447700900132"}, "name"),
        ({"name": "x" * 51, "phone": "+447700900132"}, "name"),
        ({"name": "x", "phone": "447700900132"}, "phone"),
        ({"name": "x"}, "phone"),
        ({"name": "x", "phone": "+447700900132", "webhook_url": "http://x.test"}, "webhook_url"),
        ({"name": "x", "phone": "+447700900132", "id": "no uuid"}, "id"),
        ({"name": "x", "phone": "+447700900132", "network": "telegram"}, "network"),
    ],
)
async def test_a_wrong_instance_is_refused_at_its_field(
    stage: Stage, body: dict[str, str], field: str
) -> None:
    answer = await stage.http.post(f"{BASE}/create-instance", headers=stage.admin, json=body)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])


async def test_only_an_admin_creates_instances(stage: Stage) -> None:
    body = {"name": "x", "phone": "+447700900132"}
    answer = await stage.http.post(f"{BASE}/create-instance", headers=stage.instance.headers, json=body)
    assert answer.status_code == 403


async def test_instances_are_filtered(stage: Stage) -> None:
    query = {"filter[name]": "STA", "filter[phone]": "+447700900101", "filter[status]": "WORKING"}
    found = (await stage.http.get(f"{BASE}/instances", headers=stage.admin, params=query)).json()
    assert [one["name"] for one in found] == ["stage"]


async def test_another_phone_that_scans_is_logged_out_again(stage: Stage) -> None:
    made = await stage.create("guarded", "447700900133")
    await stage.control.add_phone("+447700900134")
    await stage.control.scan("+447700900134", made["qr_text"])
    instance = PairedInstance(id=made["id"], token=made["access_token"], phone="447700900133")
    assert (await stage.status(instance, "FAILED"))["reason"] == "wrong_number"

    async def companions() -> int:
        return len((await stage.control.phone("+447700900134")).devices)

    await until(companions, lambda count: count == 0)
    code = await stage.http.post(f"{instance.base}/request-new-qr-code", headers=instance.headers)
    await stage.control.add_phone("+447700900133")
    await stage.control.scan("+447700900133", code.json()["qr_text"])
    await stage.status(instance, "WORKING")


async def test_unlinking_on_the_phone_logs_out_and_a_new_code_connects_again(stage: Stage) -> None:
    instance = await stage.pair("unlinked", "447700900135")
    await stage.control.unlink("+447700900135")
    assert (await stage.status(instance, "FAILED"))["reason"] == "logged_out"
    waiting = await stage.send_voice(GREETING, instance=instance)
    code = await stage.http.post(f"{instance.base}/request-new-qr-code", headers=instance.headers)
    await stage.control.scan("+447700900135", code.json()["qr_text"])
    await stage.status(instance, "WORKING")
    assert (await stage.finished(waiting, instance))["response_status"] == 201


async def test_restart_brings_the_session_back(stage: Stage) -> None:
    instance = await stage.pair("restarted", "447700900136")
    answer = await stage.http.post(f"{instance.base}/restart", headers=instance.headers)
    assert answer.json() == {"message": "WhatsApp instance restarted successfully."}
    await stage.status(instance, "WORKING")
    sent = await stage.send_voice(GREETING, instance=instance)
    assert (await stage.finished(sent, instance))["response_status"] == 201
    busy = await stage.http.post(f"{instance.base}/request-new-qr-code", headers=instance.headers)
    assert busy.status_code == 409


async def test_logout_and_delete_end_the_session_and_the_lane_with_a_reason(stage: Stage) -> None:
    instance = await stage.pair("deleted", "447700900137")
    await stage.http.post(f"{instance.base}/logout", headers=instance.headers)
    health = await stage.status(instance, "STOPPED")
    assert health["reason"] == "logged_out_here"
    assert (await stage.control.phone("+447700900137")).devices == []
    queued = await stage.send_voice(GREETING, instance=instance)
    answer = await stage.http.delete(instance.base, headers=instance.headers)
    assert answer.status_code == 200
    request = await stage.gateway.outbox.get(instance.id, queued.json()["queued_request_uuid"])
    assert request.failure is not None
    assert request.failure.code == "instance_deleted"
    assert (await stage.http.get(f"{instance.base}/health", headers=instance.headers)).status_code == 401
    assert (await stage.http.get(f"{instance.base}/health", headers=stage.admin)).status_code == 404


async def test_a_switching_user_keeps_id_and_token(stage: Stage) -> None:
    known = "6a1c0a40-5d5e-4a0e-9d7b-2f6c5f0b7a11"
    body = {"name": "switched", "phone": "+447700900138", "id": known}
    made = (await stage.http.post(f"{BASE}/create-instance", headers=stage.admin, json=body)).json()
    assert made["id"] == known
    token = {"instance": known, "token": "4711|" + "s" * 40}
    assert (await stage.http.post(f"{BASE}/tokens", headers=stage.admin, json=token)).status_code == 200
    headers = {"Authorization": "Bearer 4711|" + "s" * 40}
    assert (await stage.http.get(f"{BASE}/{known}/health", headers=headers)).status_code == 200


async def test_limits_answer_429_with_the_time_to_wait(stage: Stage, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, stage.sandbox, limit_restart=2)
    async with start_gateway(settings) as gateway, httpx.AsyncClient(base_url=gateway.url) as http:
        admin = {"Authorization": f"Bearer {gateway.new_admin_token}"}
        body = {"name": "limited", "phone": "+447700900139"}
        made = (await http.post(f"{BASE}/create-instance", headers=admin, json=body, timeout=30)).json()
        path = f"{BASE}/{made['id']}/restart"
        answers = [await http.post(path, headers=admin) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["retry-after"]) <= 60


async def test_everything_is_there_again_after_a_restart_of_the_gateway(stage: Stage, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, stage.sandbox, admin_token="1|" + "a" * 40)
    admin = {"Authorization": "Bearer 1|" + "a" * 40}
    async with (
        start_gateway(settings) as gateway,
        httpx.AsyncClient(base_url=gateway.url, timeout=30) as http,
    ):
        with pytest.raises(StorageError) as second:
            async with start_gateway(msgspec.structs.replace(settings)):
                pass
        assert second.value.fault is DATA_FOLDER_BUSY
        first = Stage(gateway, stage.sandbox, stage.control, http, admin, stage.instance)
        instance = await first.pair("kept", "447700900140")
    async with (
        start_gateway(settings) as gateway,
        httpx.AsyncClient(base_url=gateway.url, timeout=30) as http,
    ):
        assert gateway.new_admin_token is None
        again = Stage(gateway, stage.sandbox, stage.control, http, admin, instance)
        await again.status(instance, "WORKING")
        sent = await again.send_voice(GREETING, chatId=CONTACT)
        assert (await again.finished(sent))["response_status"] == 201


async def test_reset_admin_works_beside_a_running_gateway(stage: Stage) -> None:
    data = next(Path(stage.sandbox.network.settings.data).parent.glob("gateway"))
    child = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "waypost", "token", "reset-admin", "--data", str(data)],
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await child.communicate()
    headers = {"Authorization": f"Bearer {out.decode().strip()}"}
    answer = await stage.http.get(f"{BASE}/tokens", headers=headers)
    assert answer.status_code == 200
    stage.admin.update(headers)
