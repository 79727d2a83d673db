"""With an endpoint named, each request leaves one trace from its call to its webhook."""

import io
import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from waypost.config import ConfigError
from waypost.telemetry import make_log
from waypost.testing.collector import Collector, Spanned, collecting
from waypost.testing.gateway_stage import gateway_stage, until
from waypost.testing.receiver import receiving
from waypost.watching.otel import tracer_of
from waypost.watching.spans import NoTracer

GREETING = (Path(__file__).parents[2] / "audio" / "greeting.mp3").read_bytes()
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
WHOLE = {"accept", "prepare", "stage", "perform", "ack", "receipt", "webhook"}


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collecting() as found:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        yield found


async def spans_of(collector: Collector, trace: str, wanted: set[str]) -> dict[str, Spanned]:
    async def look() -> dict[str, Spanned]:
        return {one.name: one for one in list(collector.spans) if one.trace == trace}

    found: dict[str, Spanned] = await until(look, lambda found: wanted <= found.keys())
    return found


async def test_a_request_is_one_trace_from_its_call_to_its_webhook(
    tmp_path: Path, collector: Collector
) -> None:
    async with receiving() as receiver, gateway_stage(tmp_path, webhook_allow=["127.0.0.1"]) as stage:
        hook = {"url": receiver.url, "events": ["queued_request.finished"]}
        await stage.http.post(f"{stage.instance.base}/webhooks", headers=stage.instance.headers, json=hook)
        caller = {"traceparent": f"00-{TRACE}-{SPAN}-01", "X-Request-Id": "order-1"}
        request = await stage.finished(await stage.send_voice(GREETING, headers=caller))
        found = await spans_of(collector, TRACE, WHOLE)
    accept = found["accept"]
    assert accept.parent == SPAN
    assert {found[name].parent for name in WHOLE - {"accept"}} == {accept.id}
    order = ["accept", "prepare", "stage", "perform", "ack", "webhook"]
    assert [one.name for one in sorted((found[name] for name in order), key=lambda one: one.began)] == order
    assert found["ack"].began >= found["perform"].began
    assert found["perform"].ended <= found["receipt"].ended
    assert {one.service for one in found.values()} == {"waypost"}
    assert {one.attributes["waypost.request_id"] for one in found.values()} == {"order-1"}
    assert {found[name].attributes["waypost.request"] for name in ("prepare", "stage", "perform")} == {
        request["uuid"]
    }
    assert accept.attributes["http.response.status_code"] == 200
    assert found["webhook"].attributes["waypost.outcome"] == "delivered"


async def test_a_trace_says_by_code_what_failed_and_is_not_sent_where_its_caller_does_not_sample(
    tmp_path: Path, collector: Collector
) -> None:
    async with gateway_stage(tmp_path) as stage:
        for flag in ("00", "01"):
            caller = {"traceparent": f"00-{TRACE}-{SPAN}-{flag}"}
            missing = await stage.send_voice(GREETING, chatId="447700900199@c.us", headers=caller)
            assert (await stage.finished(missing))["status"] == "failed"
        await spans_of(collector, TRACE, {"accept", "prepare", "stage"})
    assert sorted((one.name, one.code) for one in collector.spans) == [
        ("accept", ""),
        ("prepare", ""),
        ("stage", "not_on_whatsapp"),
    ]


def test_without_an_endpoint_no_package_for_traces_is_imported() -> None:
    log = make_log("error", "text")
    assert isinstance(tracer_of({}, log), NoTracer)
    disabled = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"}
    assert isinstance(tracer_of(disabled, log), NoTracer)


def test_an_endpoint_without_the_packages_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ConfigError, match=r"waypost\[otel\]"):
        tracer_of({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, make_log("error", "text"))


async def test_a_collector_that_is_away_is_told_in_the_log_and_holds_up_no_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:geheim@127.0.0.1:9")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    stream = io.StringIO()
    tracer = tracer_of(os.environ, make_log("warning", "json", stream))
    with tracer.span("accept", None, {}):
        pass

    async def look() -> str:
        return stream.getvalue()

    said = await until(look, bool)
    began = time.monotonic()
    await tracer.close()
    # Left to itself it tries for most of a minute.
    assert time.monotonic() - began < 10
    assert msgspec.json.decode(said.splitlines()[0])["event"] == "traces_not_sent"
    assert "geheim" not in stream.getvalue()
    assert "127.0.0.1" not in stream.getvalue()
