"""What docs/sandbox-ci.md shows is run."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.pages import ROOT, blocks

from waypost.cli.ready import look
from waypost.testing.gateway_stage import gateway_stage, until

PAGE = ROOT / "docs" / "sandbox-ci.md"
AUDIO = ROOT / "tests" / "audio" / "greeting.mp3"


async def test_the_test_of_the_page_is_a_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = blocks(PAGE, "python")
    names: dict[str, Any] = {}
    exec(compile(code, "page", "exec"), names)
    monkeypatch.chdir(AUDIO.parent)
    await names["test_the_customer_hears_the_greeting"](tmp_path)


async def test_the_calls_for_other_languages_lead_to_an_instance_that_works(tmp_path: Path) -> None:
    steps = re.findall(r"^\d\. (.*)$", PAGE.read_text(), re.MULTILINE)
    async with gateway_stage(tmp_path) as stage:
        port = httpx.URL(stage.gateway.url).port
        assert await asyncio.to_thread(look, {"WAYPOST_PORT": str(port)}) is None
        async with httpx.AsyncClient(trust_env=False, timeout=30, headers=stage.admin) as http:
            await _follow(http, steps, stage.gateway.url, stage.sandbox.control_url)


async def _follow(http: httpx.AsyncClient, steps: list[str], url: str, control: str) -> None:
    path, body = re.findall(r"`POST http://127.0.0.1:8780(\S+)` with `(\{.*?\})`", steps[0])[0]
    made = (await http.post(url + path, json=json.loads(body))).raise_for_status().json()
    phones, new, scan, code = re.findall(
        r"`POST http://127.0.0.1:8790(\S+)` with `(\{.*?\})`, then `POST …(\S+)` with `(\{.*?\})`", steps[1]
    )[0]
    (await http.post(control + phones, json=json.loads(new))).raise_for_status()
    scanned = json.loads(code.replace("<qr_text>", made["qr_text"]))
    (await http.post(control + scan, json=scanned)).raise_for_status()

    async def status() -> str:
        found = (await http.get(f"{url}/api/whatsapp/v2/{made['id']}/health")).json()["status"]
        return str(found)

    await until(status, lambda found: found == "WORKING")
    (inbox,) = re.findall(r"`GET http://127.0.0.1:8790(\S+)\?wait=10`", steps[3])
    assert (await http.get(control + inbox)).raise_for_status().json()["messages"] == []
