"""Webhooks as a receiver and an operator see them, against a whole gateway."""

from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from waypost.testing.gateway_stage import BASE, CONTACT, PHONE, Stage, until
from waypost.testing.receiver import Received, receiving

pytestmark = pytest.mark.asyncio(loop_scope="package")

ALL = ["queued_request.finished", "instance.status"]


async def make(stage: Stage, url: str, **fields: Any) -> dict[str, Any]:
    answer = await call(stage, "POST", "webhooks", json={"url": url, **fields})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def call(stage: Stage, method: str, path: str, **more: Any) -> httpx.Response:
    return await stage.http.request(
        method, f"{stage.instance.base}/{path}", headers=stage.instance.headers, **more
    )


async def send(stage: Stage, text: str = "hello") -> str:
    body = {"chatId": f"{CONTACT}@c.us", "text": text}
    answer = await call(stage, "POST", "send-text", json=body)
    return str(answer.json()["queued_request_uuid"])


async def test_a_finished_request_comes_with_every_header_of_the_contract_and_a_true_signature(
    stage: Stage,
) -> None:
    async with receiving() as receiver:
        made = await make(
            stage, receiver.url, events=ALL, secret="plain text", headers={"X-Api-Key": "k"}, user_id="42"
        )
        uuid = await send(stage)
        (came,) = await receiver.until(1, "queued_request.finished")
        assert came.headers["x-userid"] == "42"
        assert came.headers["x-instanceid"] == stage.instance.id
        assert came.headers["authorization"] == "plain text"
        assert came.headers["x-api-key"] == "k"
        data = came.body["data"]
        assert data["id"] == came.headers["webhook-id"]
        assert data["event"] == came.event
        assert data["me"]["id"] == f"{PHONE}@c.us"
        assert (data["instanceId"], data["userId"], data["metadata"]) == (stage.instance.id, "42", [])
        assert came.payload["uuid"] == uuid
        assert came.payload["response_status"] == 201
        assert came.payload["response_body"]["key"]["fromMe"] is True
        Webhook(made["signing_secret"]).verify(came.content, came.headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(made["signing_secret"]).verify(came.content + b" ", came.headers)
        shown = (await call(stage, "GET", "webhooks")).json()
        assert [one["id"] for one in shown] == [made["id"]]
        assert shown[0]["secret"] is shown[0]["signing_secret"] is None
        assert shown[0]["headers"] == ["X-Api-Key"]
        await call(stage, "DELETE", f"webhooks/{made['id']}")


async def test_a_receiver_that_asks_for_the_names_that_all_know_hears_of_no_other(stage: Stage) -> None:
    async with receiving() as default, receiving() as asked:
        made = await make(stage, default.url)
        assert "message.any" in made["events"]
        assert "queued_request.finished" not in made["events"]
        other = await make(stage, asked.url, events=["queued_request.finished"])
        await send(stage)
        await asked.until(1)
        assert default.named("queued_request.finished") == []
        for one in (made, other):
            await call(stage, "DELETE", f"webhooks/{one['id']}")


async def test_what_a_receiver_refused_is_a_dead_letter_or_waits_with_its_attempts_shown(
    stage: Stage,
) -> None:
    def refuse(_: Received) -> tuple[int, dict[str, str]]:
        return 404, {"retry-after": "120"}

    async with receiving(refuse) as receiver:
        made = await make(stage, receiver.url, events=ALL, headers={"X-Key": "hidden-value"})
        hook = f"webhooks/{made['id']}"
        await send(stage)
        await receiver.until(1)

        async def listed() -> Any:
            return (await call(stage, "GET", f"{hook}/deliveries?state=pending")).json()["data"]

        (waiting,) = await until(listed, lambda found: found and found[0]["attempts"] == 1)
        assert (waiting["response_status"], waiting["error"]) == (404, "It answered 404.")
        assert waiting["next_attempt_at"] > waiting["created_at"]
        one = (await call(stage, "GET", f"{hook}/deliveries/{waiting['id']}")).json()
        assert one["request_body"] == receiver.came[0].body
        (attempt,) = one["log"]
        assert attempt["response_body"] == '{"seen":true}'
        assert attempt["request_headers"]["webhook-id"] == one["event_id"]
        told = (await call(stage, "GET", f"{hook}/deliveries/{waiting['id']}")).text
        assert made["secret"] not in told
        assert made["signing_secret"] not in told
        assert "hidden-value" not in told
        health = (await call(stage, "GET", "health")).json()
        assert health["webhooks"] == {"working": 0, "failing": 1, "disabled": 0}
        # The receiver is mended, and nobody wants to wait for the next attempt.
        receiver.answer = lambda _: (204, {})
        again = await call(stage, "POST", f"{hook}/deliveries/{waiting['id']}/redeliver")
        assert again.json()["count"] == 1
        await receiver.until(2)

        async def now() -> Any:
            return (await call(stage, "GET", f"{hook}/deliveries/{waiting['id']}")).json()

        done = await until(now, lambda found: found["state"] == "delivered")
        assert [each["response_status"] for each in done["log"]] == [404, 204]
        assert receiver.came[0].headers["webhook-id"] == receiver.came[1].headers["webhook-id"]
        count = await call(stage, "POST", f"{hook}/redeliver", json={"state": "delivered"})
        assert count.json()["count"] == 1
        await receiver.until(3)
        await call(stage, "DELETE", hook)
        assert (await call(stage, "GET", f"{hook}/deliveries")).status_code == 404


async def test_a_new_signing_key_signs_beside_the_old_one(stage: Stage) -> None:
    async with receiving() as receiver:
        made = await make(stage, receiver.url, events=ALL)
        hook = f"webhooks/{made['id']}"
        changed = (await call(stage, "PATCH", hook, json={"rotate_signing_secret": True})).json()
        assert changed["secret"] is None
        tried = (await call(stage, "POST", f"{hook}/test")).json()
        assert (tried["delivered"], tried["response_status"]) == (True, 200)
        (came,) = receiver.came
        assert came.event == "webhook.test"
        for secret in (made["signing_secret"], changed["signing_secret"]):
            Webhook(secret).verify(came.content, came.headers)
        await call(stage, "DELETE", hook)


async def test_a_disabled_webhook_is_sent_nothing_until_it_is_enabled(stage: Stage) -> None:
    async with receiving() as receiver:
        made = await make(stage, receiver.url, events=ALL, enabled=False)
        hook = f"webhooks/{made['id']}"
        assert (made["enabled"], made["reason"]) == (False, "disabled")
        await stage.finished(await stage.send_voice(b"no audio at all"))
        changed = (await call(stage, "PATCH", hook, json={"enabled": True})).json()
        assert (changed["enabled"], changed["reason"]) == (True, "")
        uuid = await send(stage)
        (came,) = await receiver.until(1, "queued_request.finished")
        assert came.payload["uuid"] == uuid
        await call(stage, "DELETE", hook)


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"url": "http://10.0.0.7/hook"}, "url", "WAYPOST_WEBHOOK_ALLOW"),
        ({"url": "http://10.0.0.7/hook"}, "url", "The entry would be 10.0.0.7:80."),
        ({"url": "https://[::1]/hook"}, "url", "WAYPOST_WEBHOOK_ALLOW"),
        ({"url": "http://1.1.1.1/hook"}, "url", "A public host is only sent to by https."),
        ({"url": "http://n8n.invalid:5678/hook"}, "url", "The entry would be n8n.invalid:5678."),
        ({"url": "ftp://example.com/"}, "url", "http or https"),
        ({"url": "https://user:password@example.com/"}, "url", "without credentials"),
        ({}, "url", "required"),
        ({"url": "https://1.1.1.1/", "events": ["message"]}, "events", "message.any"),
        ({"url": "https://1.1.1.1/", "events": []}, "events", "message.any"),
        ({"url": "https://1.1.1.1/", "secret": "a\nb"}, "secret", "ASCII"),
        ({"url": "https://1.1.1.1/", "signing_secret": "short"}, "signing_secret", "whsec_"),
        ({"url": "https://1.1.1.1/", "headers": {"Host": "a"}}, "headers", "Host"),
        ({"url": "https://1.1.1.1/", "headers": {"a": "b\r\nc: d"}}, "headers", "header a"),
        ({"url": "https://1.1.1.1/", "user_id": "a b"}, "user_id", "user_id"),
    ],
)
async def test_a_webhook_that_can_not_be_is_refused_with_what_would_help(
    stage: Stage, fields: dict[str, Any], field: str, sentence: str
) -> None:
    answer = await call(stage, "POST", "webhooks", json=fields)
    assert answer.status_code == 422
    assert sentence in answer.json()["errors"][field][0]
    assert (await call(stage, "GET", "webhooks")).json() == []


async def test_a_token_that_may_not_manage_sees_no_webhook(stage: Stage) -> None:
    body = {"instance": stage.instance.id, "scopes": ["read", "send"]}
    token = (await stage.http.post(f"{BASE}/tokens", headers=stage.admin, json=body)).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    for method, path in (("GET", "webhooks"), ("POST", "webhooks"), ("DELETE", "webhooks/whk_1")):
        answer = await stage.http.request(method, f"{stage.instance.base}/{path}", headers=headers, json={})
        assert answer.status_code == 403


async def test_an_instance_is_made_with_a_webhook_and_tells_what_becomes_of_it(stage: Stage) -> None:
    async with receiving() as receiver:
        body = {"name": "hooked", "phone": "+447700900155", "webhook_url": receiver.url}
        made = (await stage.http.post(f"{BASE}/create-instance", headers=stage.admin, json=body)).json()
        headers = {"Authorization": f"Bearer {made['access_token']}"}
        path = f"{BASE}/{made['id']}"
        (hook,) = (await stage.http.get(f"{path}/webhooks", headers=headers)).json()
        assert hook["id"] == made["webhook"]["id"]
        assert made["webhook"]["signing_secret"].startswith("whsec_")
        events = {"events": ["instance.status", "instance.qr"]}
        changed = await stage.http.patch(f"{path}/webhooks/{hook['id']}", headers=headers, json=events)
        assert sorted(changed.json()["events"]) == sorted(events["events"])
        await stage.http.post(f"{path}/logout", headers=headers)
        await stage.http.post(f"{path}/request-new-qr-code", headers=headers)
        await receiver.until(1, "instance.qr")
        states = [one.payload["status"] for one in receiver.named("instance.status")]
        assert states == ["STOPPED", "STARTING", "SCAN_QR_CODE"]
        (code, *_) = receiver.named("instance.qr")
        assert set(code.payload) == {"qr_text", "qr_code", "qr_expires_at"}
        await stage.http.delete(path, headers=headers)
