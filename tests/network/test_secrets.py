"""What passes through a gateway and a sandbox stays out of their logs, even at the level of debugging, and
out of metrics and traces."""

import base64
import io
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from waypost.sandbox.views import NewFailure, Send
from waypost.telemetry import make_log
from waypost.testing.collector import Collector, collecting
from waypost.testing.gateway_stage import CONTACT, PHONE, Stage, gateway_stage

METRICS_TOKEN = secrets.token_hex(12)
TRACES_KEY = secrets.token_hex(12)
GREETING = (Path(__file__).parents[1] / "audio" / "greeting.mp3").read_bytes()


def forms(secret: bytes) -> Iterator[str]:
    """How bytes may be written: in hex, both kinds of base64, as Python shows them, as a list of numbers."""
    yield secret.hex()
    yield base64.b64encode(secret).decode().rstrip("=")
    yield base64.urlsafe_b64encode(secret).decode().rstrip("=")
    yield repr(secret)[2:-1]
    yield str(list(secret))[1:-1]


def of_phone(folder: Path) -> dict[str, bytes]:
    """The private keys that the sandbox holds for the instance's phone and the contact."""
    with sqlite3.connect(folder / "sandbox" / "sandbox.db") as rows:
        query = "SELECT number, identity, signed_prekey FROM party WHERE number IN (?, ?)"
        found = rows.execute(query, (PHONE, CONTACT)).fetchall()
    rows.close()
    return {
        f"{what} of {number}": key
        for number, identity, prekey in found
        for what, key in (("identity", identity), ("pre-key", prekey))
    }


async def converse(stage: Stage, recordings: str) -> tuple[dict[str, str], dict[str, bytes]]:
    """Pair, send both ways, fail in several ways; the secret texts and bytes that were spoken of."""
    words = {name: secrets.token_hex(12) for name in ("caption", "text", "answer", "query", "wrong token")}
    hooked = await webhook(stage)
    paired = await stage.pair("second", "447700900172")
    waiting = await stage.create("third", "447700900173")
    requests = [
        await stage.finished(await stage.send_voice(GREETING, caption=words["caption"])),
        await stage.finished(await stage.send_voice(url=f"{recordings}/blip.wav?key={words['query']}")),
    ]
    assert [request["response_status"] for request in requests] == [201, 201]
    chat = f"+{CONTACT}"
    await stage.control.send(chat, Send(to=f"+{PHONE}", text=words["text"]))
    sent = await stage.control.send(chat, Send(to=f"+{PHONE}", audio=GREETING[:999], seconds=1))
    assert sent.devices == 2
    await stage.control.fail(NewFailure(kind="failing_media", times=1))
    await stage.control.fail(NewFailure(kind="refuse_message", code=463, times=1))
    missing = f"{recordings}/missing.mp3?key={words['query']}"
    for url, file in ((missing, None), (None, base64.b64encode(b"no audio").decode()), ("http://[x", None)):
        answer = await stage.send_voice(url=url, file=file, caption=words["answer"])
        if answer.status_code == 200:
            assert (await stage.finished(answer))["status"] == "failed"
    await stage.finished(await stage.send_voice(GREETING, chatId="447700900199@c.us"))
    wrong = {"Authorization": f"Bearer 1|{words['wrong token']}"}
    assert (await stage.send_voice(GREETING, headers=wrong)).status_code == 401
    audio: dict[str, Any] = requests[0]["response_body"]["message"]["audioMessage"]
    texts = {
        **words,
        **hooked,
        "admin token": stage.admin["Authorization"].split("|")[-1],
        "token": stage.instance.token.split("|")[-1],
        "second token": paired.token.split("|")[-1],
        "QR code": waiting["qr_text"].split(",")[-2],
        "upload": base64.b64encode(b"no audio").decode(),
        "media token": stage.sandbox.network.secrets.media.hex(),
    }
    return texts, {"media key": base64.b64decode(audio["mediaKey"])}


async def one_time_code(stage: Stage) -> str:
    """A code that was sent, and one that was guessed."""
    path, headers = f"/api/otp/v2/{stage.instance.id}", stage.instance.headers
    body = {"chatId": f"{CONTACT}@c.us", "length": 10, "useLetter": True}
    asked = await stage.http.post(f"{path}/request-code", headers=headers, json=body)
    assert asked.status_code in (200, 201), asked.text
    guess = {"chatId": f"{CONTACT}@c.us", "code": "WRONGWRONG"}
    assert (await stage.http.post(f"{path}/validate-code", headers=headers, json=guess)).status_code == 422
    return str(asked.json()["data"]["code"])


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collecting() as found:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"api-key={TRACES_KEY}")
        yield found


async def webhook(stage: Stage) -> dict[str, str]:
    """A webhook whose receiver is away; its secrets, the path of its url among them."""
    secret = {name: secrets.token_hex(12) for name in ("path", "secret", "header")}
    body = {
        "url": f"http://127.0.0.1:9/{secret['path']}",
        "events": ["queued_request.finished", "message.any"],
        "secret": secret["secret"],
        "headers": {"X-Api-Key": secret["header"]},
    }
    path, headers = f"{stage.instance.base}/webhooks", stage.instance.headers
    made = (await stage.http.post(path, headers=headers, json=body)).json()
    assert not (await stage.http.post(f"{path}/{made['id']}/test", headers=headers)).json()["delivered"]
    wrong = await stage.http.post(path, headers=headers, json={**body, "url": f"{body['url']}\n[x"})
    assert wrong.status_code == 422
    return {f"webhook's {name}": text for name, text in secret.items()} | {
        "signing secret": made["signing_secret"].removeprefix("whsec_")
    }


async def test_no_log_metric_or_trace_has_a_token_a_text_a_key_or_a_code(
    tmp_path: Path, recordings: str, capfd: pytest.CaptureFixture[str], collector: Collector
) -> None:
    settings: dict[str, Any] = {
        "fetch_allow": ["127.0.0.1"],
        "webhook_allow": ["127.0.0.1"],
        "metrics_token": METRICS_TOKEN,
        "log_level": "debug",
    }
    async with gateway_stage(tmp_path, **settings) as stage:
        texts, binary = await converse(stage, recordings)
        texts |= {"metrics token": METRICS_TOKEN, "key for traces": TRACES_KEY}
        texts["one-time code"] = await one_time_code(stage)
        reading = {"Authorization": f"Bearer {METRICS_TOKEN}"}
        metrics = (await stage.http.get("/metrics", headers=reading)).text
        lines = await stage.control.log(limit=2000)
        binary |= of_phone(tmp_path)
    out, err = capfd.readouterr()
    # What is not there proves nothing unless something is: each part has spoken.
    for event in ("delivery_postponed", "sandbox.started", "sandbox.unknown_number", "engine"):
        assert event in err
    assert len(binary) == 5
    for metric in ("waypost_sends_total{", "waypost_webhook_attempts_total{", 'code="url_unreachable"'):
        assert metric in metrics
    spans = b"".join(collector.bodies).decode("latin-1")
    assert {"accept", "prepare", "perform", "webhook"} <= {one.name for one in collector.spans}
    told = {
        "standard error": err,
        "standard output": out,
        "the sandbox's log": repr(lines),
        "metrics": metrics,
        "traces": spans,
    }
    shown = {name: [text] for name, text in texts.items()} | {k: list(forms(v)) for k, v in binary.items()}
    leaks = [
        (name, where)
        for where, log in told.items()
        for name, wanted in shown.items()
        if any(one in log for one in wanted)
    ]
    assert leaks == []
    # The sandbox speaks of the numbers that it emulates; nobody else speaks of any.
    own = "\n".join(line for line in err.splitlines() if "sandbox." not in line)
    numbers = [PHONE, CONTACT, "447700900172", "447700900199"]
    assert [one for one in numbers for told_ in (metrics, spans, own) if one in told_] == []


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_traceback_in_the_log_shows_no_variables(style: Literal["text", "json"]) -> None:
    stream = io.StringIO()

    def fail(token: str) -> None:
        raise ValueError(f"a token of {len(token)} characters")

    try:
        fail("very" + "secret")
    except ValueError as error:
        make_log("debug", style, stream).error("failed", exc_info=error)
    assert "a token of 10 characters" in stream.getvalue()
    assert "verysecret" not in stream.getvalue()
