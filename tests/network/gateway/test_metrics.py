"""What `/metrics` says after things have happened, and who may read it."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from waypost.config import Settings
from waypost.gateway import Gateway, start_gateway
from waypost.testing.gateway_stage import BASE, Stage, gateway_stage, until
from waypost.testing.receiver import Receiver, receiving
from waypost.watching import table

GREETING = (Path(__file__).parents[2] / "audio" / "greeting.mp3").read_bytes()
TOKEN = "a-token-of-prometheus-itself"


class Figures:
    """A page of metrics, by sample."""

    def __init__(self, text: str) -> None:
        self.samples = [
            sample for family in text_string_to_metric_families(text) for sample in family.samples
        ]

    def of(self, name: str, **labels: str) -> float:
        """The sum of the samples of that name which have these labels."""
        return sum(
            one.value for one in self.samples if one.name == name and labels.items() <= one.labels.items()
        )

    @property
    def names(self) -> set[str]:
        return {one.name for one in self.samples}


async def read(stage: Stage) -> Figures:
    answer = await stage.http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return Figures(answer.text)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


async def test_the_page_counts_what_has_happened(tmp_path: Path, receiver: Receiver) -> None:
    async with gateway_stage(tmp_path, webhook_allow=["127.0.0.1"]) as stage:
        hook = {"url": receiver.url, "events": ["queued_request.finished"]}
        await stage.http.post(f"{stage.instance.base}/webhooks", headers=stage.instance.headers, json=hook)
        key = {"Idempotency-Key": "once"}
        for _ in range(2):
            answer = await stage.send_voice(GREETING, headers=key)
        await stage.finished(answer)
        assert (await stage.send_voice(chatId="nobody")).status_code == 422
        missing = await stage.send_voice(GREETING, chatId="447700900199@c.us")
        assert (await stage.finished(missing))["status"] == "failed"
        await receiver.until(2)
        found: Figures = await until(
            lambda: read(stage),
            lambda found: (
                found.of("waypost_delivered_seconds_count", operation="send-voice") == 1
                and found.of("waypost_webhook_attempts_total", outcome="delivered") == 2
            ),
        )
    voice = {"operation": "send-voice"}
    accepts = {
        outcome: found.of("waypost_accepts_total", outcome=outcome, **voice)
        for outcome in ("accepted", "repeated", "invalid")
    }
    assert accepts == {"accepted": 2, "repeated": 1, "invalid": 1}
    assert found.of("waypost_sends_total", outcome="acked", **voice) == 1
    assert found.of("waypost_requests_ended_total", state="sent", **voice) == 1
    assert found.of("waypost_requests_ended_total", state="failed", code="not_on_whatsapp", **voice) == 1
    assert found.of("waypost_work_failures_total", work="stage", code="not_on_whatsapp") == 1
    assert found.of("waypost_ack_seconds_count", **voice) == 1
    assert (
        0 < found.of("waypost_ack_seconds_sum", **voice) <= found.of("waypost_delivered_seconds_sum", **voice)
    )
    assert found.of("waypost_conversion_seconds_count", kind="voice", outcome="converted") == 2
    assert found.of("waypost_work_seconds_count", work="prepare") == 2
    assert found.of("waypost_instances", status="WORKING", reason="") == 1
    assert found.of("waypost_instance_working", instance_id=stage.instance.id) == 1
    assert found.of("waypost_session_changes_total", state="connected") >= 1
    assert found.of("waypost_engine_processes") == 1
    assert found.of("waypost_engine_process_deaths_total") == 0
    assert found.of("waypost_commit_seconds_count") > 5
    assert found.of("waypost_commit_units_sum") >= found.of("waypost_commit_units_count")
    assert found.of("waypost_database_healthy") == 1
    assert found.of("waypost_http_calls_total", status="422") == 1
    assert 0 < found.of("waypost_disk_free_bytes") < found.of("waypost_disk_size_bytes")
    for process in ("gateway", "engine", "worker"):
        assert found.of("waypost_process_memory_bytes", process=process) > 1e6


class Bare(NamedTuple):
    """A gateway without a session, which starts in no time."""

    gateway: Gateway
    http: httpx.AsyncClient
    admin: dict[str, str]

    async def get(self, **headers: str) -> int:
        return (await self.http.get("/metrics", headers=headers)).status_code

    async def instance(self) -> tuple[str, dict[str, str]]:
        """An instance that waits for its owner to connect it: its path, and the headers of its token."""
        made = await self.gateway.instances.create(name="shop", phone="447700900101", network="sandbox")
        await self.gateway.instances.logout(made.id)
        body = {"instance": made.id}
        token = (await self.http.post(f"{BASE}/tokens", headers=self.admin, json=body)).json()["token"]
        return f"{BASE}/{made.id}", {"Authorization": f"Bearer {token}"}


@contextlib.asynccontextmanager
async def bare(folder: Path, **changes: Any) -> AsyncIterator[Bare]:
    settings = msgspec.structs.replace(
        Settings(data=folder, port=0, sandbox_url="http://127.0.0.1:1", log_level="error"), **changes
    )
    async with (
        start_gateway(settings) as gateway,
        httpx.AsyncClient(base_url=gateway.url, trust_env=False, timeout=20) as http,
    ):
        yield Bare(gateway, http, {"Authorization": f"Bearer {gateway.new_admin_token}"})


async def test_the_page_tells_of_the_whole_table_and_of_nothing_else(tmp_path: Path) -> None:
    async with bare(tmp_path) as alone:
        lines = (await alone.http.get("/metrics")).text.splitlines()
    told = {line.split(" ")[2] for line in lines if line.startswith("# TYPE waypost_")}
    # What nobody has counted has a type and no sample; what nobody could tell is left out.
    of_nodes = {table.IN_TOUCH.name, table.LEASE_EPOCH.name}
    of_instances = {table.INSTANCES.name, table.INSTANCE_WORKING.name}
    assert told == {one.name for one in table.TABLE} - of_nodes - of_instances
    assert not [line for line in lines if "_created" in line]


async def test_a_long_queue_is_told_with_the_age_of_the_oldest(tmp_path: Path) -> None:
    async with bare(tmp_path) as alone:
        path, headers = await alone.instance()
        body = {"chatId": "447700900102@c.us", "text": "hello"}
        for _ in range(3):
            answer = await alone.http.post(f"{path}/send-text", headers=headers, json=body)
            assert answer.status_code == 200
        found = Figures((await alone.http.get("/metrics")).text)
    assert found.of("waypost_queue_requests", held="no") == 3
    assert found.of("waypost_queue_requests", held="yes") == 0
    assert found.of("waypost_queue_oldest_seconds", held="no") > 0
    assert found.of("waypost_lane_requests") == 3
    assert found.of("waypost_instances", status="STOPPED", reason="logged_out_here") == 1


async def test_a_node_tells_what_it_holds_and_under_which_epochs(tmp_path: Path, postgres_url: str) -> None:
    async with bare(tmp_path, database_url=postgres_url) as node:
        made = await node.gateway.instances.create(name="shop", phone="447700900101", network="sandbox")

        async def look() -> Figures:
            return Figures((await node.http.get("/metrics")).text)

        found: Figures = await until(look, lambda found: found.of("waypost_instances_held") == 1)
    assert found.of("waypost_node_in_touch") == 1
    assert found.of("waypost_lease_epoch", instance_id=made.id) >= 1
    assert found.of("waypost_commit_seconds_count") > 0


async def test_without_a_token_only_this_machine_reads_the_page(tmp_path: Path) -> None:
    async with bare(tmp_path) as alone:
        assert await alone.get() == 200
        for through in (
            {"X-Forwarded-For": "203.0.113.7"},
            {"Forwarded": "for=203.0.113.7"},
            {"Via": "1.1 proxy"},
            {"Host": "waypost.example.org"},
            {"Host": "rebound.example.org:8780"},
        ):
            assert await alone.get(**through) == 401
        _, of_instance = await alone.instance()
        assert await alone.get(**of_instance) == 403
        assert await alone.get(Authorization="Bearer 1|wrong") == 401
        assert await alone.get(**alone.admin, Host="waypost.example.org") == 200


@pytest.mark.parametrize(
    "settings",
    [{"metrics_token": TOKEN}, {"public_url": "https://waypost.example.org"}, {"host": "0.0.0.0"}],
    ids=["token", "public", "everywhere"],
)
async def test_where_others_may_call_it_takes_a_token(tmp_path: Path, settings: dict[str, Any]) -> None:
    async with bare(tmp_path, **settings) as alone:
        assert await alone.get() == 401
        assert await alone.get(**alone.admin) == 200
        with_token = await alone.get(Authorization=f"Bearer {TOKEN}")
        assert with_token == (200 if "metrics_token" in settings else 401)
        assert await alone.get(Authorization=f"Bearer {TOKEN}x") == 401
        # That token is good for nothing else.
        reading = {"Authorization": f"Bearer {TOKEN}"}
        assert (await alone.http.get(f"{BASE}/instances", headers=reading)).status_code == 401
