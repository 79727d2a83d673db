"""The dashboard and the alerts, asked of a real Prometheus that has read a real gateway."""

import asyncio
import contextlib
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from waypost.sandbox.views import NewFailure
from waypost.testing.gateway_stage import Stage, gateway_stage, until
from waypost.testing.processes import free_port
from waypost.testing.receiver import receiving

DEPLOY = Path(__file__).parents[3] / "deploy"
GREETING = (Path(__file__).parents[2] / "audio" / "greeting.mp3").read_bytes()
TOKEN = "a-token-of-prometheus-itself"
# Nothing of it has happened.
EMPTY = {"Not working"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus is not installed"),
]


def panels() -> list[tuple[str, str]]:
    """What the dashboard asks, as Grafana fills it in."""
    found = json.loads((DEPLOY / "grafana" / "waypost.json").read_text())["panels"]
    asked = [(panel["title"], target["expr"]) for panel in found for target in panel.get("targets", [])]
    return [(title, text.replace("$node", ".*").replace("$__rate_interval", "1m")) for title, text in asked]


def rules() -> list[tuple[str, str]]:
    groups = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())["groups"]
    return [(rule["alert"], rule["expr"]) for group in groups for rule in group["rules"]]


@contextlib.asynccontextmanager
async def prometheus(folder: Path, target: str) -> AsyncIterator[httpx.AsyncClient]:
    """The example's configuration, with the gateway's address and a token, read every second."""
    given = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    (job,) = given["scrape_configs"]
    (folder / "token").write_text(TOKEN)
    job["authorization"] = {"credentials_file": str(folder / "token")}
    job["scrape_interval"] = "1s"
    job["static_configs"] = [{"targets": [target]}]
    given["rule_files"] = [str(DEPLOY / "prometheus" / "alerts.yml")]
    given["global"] = {"evaluation_interval": "1s"}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(given))
    url = f"127.0.0.1:{free_port()}"
    words = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/series"]
    process = await asyncio.create_subprocess_exec(
        "prometheus", *words, f"--web.listen-address={url}", stderr=subprocess.DEVNULL
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://{url}", trust_env=False, timeout=20) as http:
            yield http
    finally:
        process.terminate()
        await process.wait()


async def ask(http: httpx.AsyncClient, expression: str) -> list[dict[str, Any]]:
    """The series of an expression at this moment."""
    try:
        answer = await http.get("/api/v1/query", params={"query": expression})
    except httpx.TransportError:
        return []
    if answer.status_code == 503:  # it starts
        return []
    assert answer.status_code == 200, (expression, answer.text)
    found: list[dict[str, Any]] = answer.json()["data"]["result"]
    return found


Answers = dict[tuple[str, str], list[dict[str, Any]]]


async def everything(http: httpx.AsyncClient) -> Answers:
    """The series of every panel, by its title and what it asks."""
    return {(title, text): await ask(http, text) for title, text in panels()}


def without_series(answers: Answers) -> set[str]:
    return {title for (title, _), series in answers.items() if not series}


def labels(answers: Answers, wanted: str) -> set[str]:
    """The values of the one label of a panel's series."""
    return {
        value
        for (title, _), series in answers.items()
        if title == wanted
        for one in series
        for value in one["metric"].values()
    }


async def live(stage: Stage) -> None:
    """A note that arrives, one to nobody, one that WhatsApp refuses, a lost connection, a webhook refused."""
    await stage.control.fail(NewFailure(kind="refuse_message", code=400, times=1, skip=1))
    await stage.control.fail(NewFailure(kind="failing_media", times=1, skip=1))
    for chat in ("447700900102@c.us", "447700900102@c.us", "447700900199@c.us"):
        await stage.finished(await stage.send_voice(GREETING, chatId=chat))
    assert (await stage.send_voice(chatId="nobody")).status_code == 422
    await stage.control.fail(NewFailure(kind="drop_connection", times=1))
    await stage.finished(await stage.send_voice(GREETING))


async def test_every_panel_and_every_alert_can_be_answered(tmp_path: Path) -> None:
    async with (
        receiving() as receiver,
        gateway_stage(tmp_path, webhook_allow=["127.0.0.1"], metrics_token=TOKEN) as stage,
    ):
        receiver.answer = lambda _: (503, {})
        hook = {"url": receiver.url, "events": ["queued_request.finished"]}
        await stage.http.post(f"{stage.instance.base}/webhooks", headers=stage.instance.headers, json=hook)
        async with prometheus(tmp_path, stage.gateway.url.removeprefix("http://")) as http:
            await until(lambda: ask(http, 'up{job="waypost"} == 1'), bool)
            # A series that begins with its first event has no rate: all happens before and after a look.
            await live(stage)
            seen = 'waypost_requests_ended_total{state="failed"}'
            await until(lambda: ask(http, seen), bool)
            await live(stage)
            answers = await until(lambda: everything(http), lambda found: without_series(found) == EMPTY)
            for _, text in rules():
                await ask(http, text)
            read = (await http.get("/api/v1/rules")).json()["data"]["groups"]
    assert labels(answers, "Sent, by outcome") == {"acked", "server_refused"}
    assert labels(answers, "Attempts by outcome") == {"refused"}
    assert {"connected", "disconnected"} <= labels(answers, "Connects and losses")
    assert labels(answers, "Memory") == {"engine", "gateway", "worker"}
    assert [rule["health"] for group in read for rule in group["rules"]] == ["ok"] * len(rules())
