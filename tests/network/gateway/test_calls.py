"""Calls as they really come, over real HTTP: bodies of every kind, errors in one shape, who may do what."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import msgspec
import pytest

from waypost.testing.gateway_stage import BASE, CONTACT, Stage, until

pytestmark = pytest.mark.asyncio(loop_scope="package")

BLIP = (Path(__file__).parents[2] / "audio" / "blip.wav").read_bytes()
LIMIT = 16 * 1024 * 1024
PART = (
    f'--B\r\nContent-Disposition: form-data; name="chatId"\r\n\r\n{CONTACT}\r\n'
    '--B\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
).encode() + BLIP


async def post(stage: Stage, content: bytes, content_type: str | None) -> Any:
    """A raw body to send-voice."""
    headers = dict(stage.instance.headers)
    if content_type is not None:
        headers["Content-Type"] = content_type
    return await stage.http.post(f"{stage.instance.base}/send-voice", headers=headers, content=content)


@pytest.mark.parametrize("content_type", ["multipart/form-data; boundary=B", "multipart/form-data", None])
async def test_multipart_is_read_with_and_without_its_boundary(
    stage: Stage, content_type: str | None
) -> None:
    assert (await post(stage, PART + b"\r\n--B--\r\n", content_type)).status_code == 200


async def test_a_multipart_body_that_is_cut_off_is_malformed(stage: Stage) -> None:
    assert (await post(stage, PART, "multipart/form-data; boundary=B")).status_code == 400


@pytest.mark.parametrize("extra", [0, 1])
async def test_exactly_16_mb_pass_as_multipart_and_as_base64_and_one_byte_more_does_not(
    stage: Stage, extra: int
) -> None:
    file = bytes(LIMIT + extra)
    wanted = 413 if extra else 200
    multipart = await stage.send_voice(file)
    encoded = await stage.send_voice(file=base64.b64encode(file).decode())
    assert (multipart.status_code, encoded.status_code) == (wanted, wanted)
    assert all(answer.json()["message"] for answer in (multipart, encoded))


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"chatId": "\xff"}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"<a/>", "text/xml", 415),
        (b"--", "multipart/form-data", 400),
        (b"", None, 422),
    ],
)
async def test_bodies_that_cannot_be_read_say_so(
    stage: Stage, body: bytes, content_type: str | None, status: int
) -> None:
    answer = await post(stage, body, content_type)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    assert answer.json()["message"]


@pytest.mark.parametrize(
    ("before", "content_type"),
    [
        (b"", "application/x-www-form-urlencoded"),  # what `curl -d` says of JSON
        (b"\xef\xbb\xbf", "application/json"),  # what PowerShell puts before it
    ],
)
async def test_json_is_read_as_shells_send_it(stage: Stage, before: bytes, content_type: str) -> None:
    body = msgspec.json.encode({"chatId": f"{CONTACT}@c.us", "file": base64.b64encode(BLIP).decode()})
    assert (await post(stage, before + body, content_type)).status_code == 200


async def test_a_wrong_method_is_told_the_right_one(stage: Stage) -> None:
    answer = await stage.http.get(f"{stage.instance.base}/send-voice", headers=stage.instance.headers)
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]


async def test_a_token_without_any_scope_is_not_made(stage: Stage) -> None:
    wanted = {"instance": stage.instance.id, "scopes": []}
    answer = await stage.http.post(f"{BASE}/tokens", headers=stage.admin, json=wanted)
    assert (answer.status_code, set(answer.json()["errors"])) == (422, {"scopes"})


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, {"url", "file"}),
        ({"url": None, "file": ""}, {"url", "file"}),
        ({"chatId": None, "url": "http://x.test/a"}, {"chatId"}),
        ({"chatId": "hello", "url": "http://x.test/a"}, {"chatId"}),
        ({"chatId": ["a"], "url": {"a": 1}}, {"chatId", "url"}),
        ({"file": "<string>"}, {"file"}),
        ({"url": "ftp://x.test/a"}, {"url"}),
        ({"url": "<string>"}, {"url"}),
        ({"url": "http://x.test/a", "reply_to": "no id at all"}, {"reply_to"}),
    ],
)
async def test_wrong_fields_are_named_each_with_its_reason(
    stage: Stage, fields: dict[str, Any], wrong: set[str]
) -> None:
    answer = await stage.send_voice(**fields)
    assert answer.status_code == 422
    body = answer.json()
    assert set(body) == {"message", "errors", "statusCode"}
    assert body["message"] == "The given data was invalid."
    assert set(body["errors"]) == wrong
    assert body["statusCode"] == 422


@pytest.mark.parametrize("accept", ["text/html", "*/*", None])
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nope", 404), ("PUT", "/healthz", 405), ("GET", f"{BASE}/x/health", 401)],
)
async def test_errors_are_json_with_a_message_whatever_is_accepted(
    stage: Stage, method: str, path: str, status: int, accept: str | None
) -> None:
    headers = {"Accept": accept} if accept else {}
    answer = await stage.http.request(method, path, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    assert answer.json()["message"]


async def test_what_is_not_http_is_answered_in_json_too(stage: Stage) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.http.base_url.port)
    writer.write(b"garbage\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert b"400 Bad Request" in answer
    assert b'"message"' in answer


@pytest.mark.parametrize(
    "token", [None, "Bearer", "Bearer 1|wrong", "Basic x", "Bearer 999999999999999999999|x"]
)
async def test_without_a_valid_token_nothing_is_told(stage: Stage, token: str | None) -> None:
    headers = {"Authorization": token} if token else {}
    answer = await stage.http.get(f"{stage.instance.base}/health", headers=headers)
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthenticated."})


async def test_an_instance_out_of_scope_is_as_absent_as_one_that_is_not_there(stage: Stage) -> None:
    made = await stage.create("out-of-scope", "447700900121")
    there = await stage.http.get(f"{BASE}/{made['id']}/health", headers=stage.instance.headers)
    absent = await stage.http.get(f"{BASE}/no-such-instance/health", headers=stage.instance.headers)
    assert (there.status_code, there.json()) == (absent.status_code, absent.json())
    assert there.status_code == 404


async def test_a_token_does_what_its_scopes_say_until_it_is_revoked(stage: Stage) -> None:
    body = {"instance": stage.instance.id, "scopes": ["read"]}
    made = (await stage.http.post(f"{BASE}/tokens", headers=stage.admin, json=body)).json()
    reader = {"Authorization": f"Bearer {made['token']}"}
    path = stage.instance.base
    assert (await stage.http.get(f"{path}/health", headers=reader)).status_code == 200
    assert (await stage.http.post(f"{path}/send-voice", headers=reader)).status_code == 403
    assert (await stage.http.get(f"{BASE}/tokens", headers=reader)).status_code == 403
    listed = (await stage.http.get(f"{BASE}/tokens", headers=stage.admin)).json()
    assert [one["token"] for one in listed] == [None] * len(listed)
    await stage.http.delete(f"{BASE}/tokens/{made['number']}", headers=stage.admin)
    assert (await stage.http.get(f"{path}/health", headers=reader)).status_code == 401


async def test_requests_are_listed_newest_first_page_by_page(stage: Stage) -> None:
    made = await stage.create("listed", "447700900122")
    headers = {"Authorization": f"Bearer {made['access_token']}"}
    path = f"{BASE}/{made['id']}"
    uuids = []
    for number in range(5):
        chat = f"44770090020{number % 2}"
        body = {"chatId": chat, "text": str(number)}
        answer = await stage.http.post(f"{path}/send-text", headers=headers, json=body)
        uuids.append(answer.json()["queued_request_uuid"])
    found: list[str] = []
    query: dict[str, str] = {"limit": "2"}
    while True:
        page = (await stage.http.get(f"{path}/queued-requests", headers=headers, params=query)).json()
        found += [one["uuid"] for one in page["data"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert found == uuids[::-1]
    filters = {"chat": "+44 7700 900201", "endpoint": "send-text", "status": "queued,preparing"}
    page = (await stage.http.get(f"{path}/queued-requests", headers=headers, params=filters)).json()
    assert [one["uuid"] for one in page["data"]] == [uuids[3], uuids[1]]
    for wrong in ({"cursor": "zz"}, {"limit": "0"}, {"status": "done"}, {"chat": "x"}):
        answer = await stage.http.get(f"{path}/queued-requests", headers=headers, params=wrong)
        assert answer.status_code == 422


async def test_a_waiting_request_is_cancelled_once_and_retried(stage: Stage) -> None:
    made = await stage.create("cancels", "447700900123")
    headers = {"Authorization": f"Bearer {made['access_token']}"}
    body = {"chatId": CONTACT, "text": "x"}
    answer = await stage.http.post(f"{BASE}/{made['id']}/send-text", headers=headers, json=body)
    link = answer.json()["queued_request_link"]

    async def now() -> Any:
        return (await stage.http.get(link, headers=headers)).json()

    waiting = await until(now, lambda found: found["waiting_for"] == "pairing")
    cancelled = (await stage.http.delete(link, headers=headers)).json()
    assert (cancelled["status"], cancelled["response_status"]) == ("cancelled", 500)
    assert cancelled["error"]["code"] == "cancelled"
    assert cancelled["response_body"]["error"]["code"] == "cancelled"
    assert (await stage.http.delete(link, headers=headers)).status_code == 409
    again = (await stage.http.post(f"{link}/retry", headers=headers)).json()
    assert (again["uuid"], again["response_status"]) == (waiting["uuid"], None)
    assert again["status"] in ("queued", "preparing")
    assert (await stage.http.post(f"{link}/retry", headers=headers)).status_code == 409


async def test_wait_answers_with_the_envelope_when_time_is_up(stage: Stage) -> None:
    made = await stage.create("waits", "447700900124")
    headers = {"Authorization": f"Bearer {made['access_token']}", "Prefer": "wait=1"}
    body = {"chatId": CONTACT, "text": "x"}
    answer = await stage.http.post(f"{BASE}/{made['id']}/send-text", headers=headers, json=body)
    assert answer.headers["preference-applied"] == "wait=1"
    assert answer.json()["queued"] is True


async def test_the_link_follows_the_host_of_the_call_and_never_forwarded_headers(stage: Stage) -> None:
    port = stage.http.base_url.port
    for host, wanted in (
        ("gateway.example", "http://gateway.example/"),
        (f"0.0.0.0:{port}", f"http://127.0.0.1:{port}/"),
    ):
        headers = {"Host": host, "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
        answer = await stage.send_voice(url="http://x.test/a", headers=headers)
        assert answer.json()["queued_request_link"].startswith(wanted)


async def test_the_documentation_loads_nothing_from_elsewhere(stage: Stage) -> None:
    answer = await stage.http.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    assert "send-voice" in answer.text
    assert "src=" not in answer.text
    assert 'rel="stylesheet"' not in answer.text


async def test_health_checks_need_no_token(stage: Stage) -> None:
    for path in ("/healthz", "/readyz"):
        assert (await stage.http.get(path)).status_code == 200
        assert (await stage.http.head(path)).status_code == 200
