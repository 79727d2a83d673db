"""What doctor says of the ways out; the sandbox plays web.whatsapp.com behind its proxy."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from moto.server import ThreadedMotoServer

from waypost.cli.doctor.check import Check
from waypost.cli.doctor.egress import egress
from waypost.cli.doctor.network import network
from waypost.config import Settings
from waypost.sandbox.client import SandboxClient
from waypost.sandbox.server import Sandbox, start_sandbox
from waypost.sandbox.settings import SandboxSettings
from waypost.telemetry import make_log
from waypost.testing.processes import free_port

OURS = Settings(network="whatsapp")


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with start_sandbox(
        SandboxSettings(data=tmp_path / "sandbox"), log=make_log("error", "text")
    ) as found:
        yield found


@pytest.fixture
async def proxied(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Engines of this machine would go through the sandbox's proxy; its CA's file."""
    async with SandboxClient(sandbox.control_url) as client:
        view = await client.network()
    ca = tmp_path / "ca.pem"
    ca.write_text(view.ca_pem)
    monkeypatch.setenv("HTTPS_PROXY", view.proxy_url)
    return ca


async def looked(settings: Settings) -> dict[str, Check]:
    checks = await asyncio.to_thread(network, settings, dict(os.environ))
    return {check.name: check for check in checks}


async def test_whatsapp_is_reached_through_the_proxy_and_by_the_certificates_that_engines_take(
    proxied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(proxied))
    found = await looked(OURS)
    assert found["WhatsApp"].state == "ok", found["WhatsApp"].found
    assert "through the proxy 127.0.0.1" in found["WhatsApp"].found
    assert found["certificates"].state == "ok"


async def test_a_proxy_that_signs_certificates_itself_is_told(proxied: Path) -> None:
    assert proxied.exists()
    found = await looked(OURS)
    assert found["WhatsApp"].state == "failed"
    assert "SSL_CERT_FILE" in found["WhatsApp"].mend


async def test_a_machine_without_root_certificates_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    found = await looked(OURS)
    assert {name: check.state for name, check in found.items()} == {"certificates": "failed"}
    assert "ca-certificates" in found["certificates"].mend


async def test_a_proxy_that_does_not_answer_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:geheim@127.0.0.1:{free_port()}")
    found = await looked(OURS)
    assert (found["WhatsApp"].state, "HTTPS_PROXY" in found["WhatsApp"].mend) == ("failed", True)
    assert "geheim" not in str(found)


@pytest.mark.parametrize(
    ("proxy", "state"),
    [
        ("127.0.0.1:1", "failed"),
        ("http://me:geheim@[", "failed"),
        ("http://me:geheim@host:port", "failed"),
        ("geheim://host:1", "failed"),
        ("socks5://me:geheim@127.0.0.1:1080", "skipped"),
    ],
)
async def test_a_proxy_that_can_not_be_tried_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, proxy: str, state: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    found = await looked(OURS)
    assert found["WhatsApp"].state == state
    assert "geheim" not in str(found)


async def test_a_sandbox_that_answers_is_well(sandbox: Sandbox) -> None:
    found = await looked(Settings(network="sandbox", sandbox_url=sandbox.control_url))
    assert found["sandbox"].state == "ok"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    httpx.put(f"{endpoint}/uploads", trust_env=False).raise_for_status()
    for variable, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "geheim",
    }.items():
        monkeypatch.setenv(variable, value)
    yield "uploads"
    server.stop()


def test_an_object_store_is_tried_and_left_as_it_was(bucket: str) -> None:
    found = {check.name: check for check in egress(Settings(blobs_url=f"s3://{bucket}/prefix"))}
    assert found["object store"].state == "ok", found["object store"].found
    listed = httpx.get(f"{os.environ['AWS_ENDPOINT_URL']}/{bucket}", trust_env=False)
    assert "doctor-" not in listed.text


def test_a_bucket_that_is_not_there_fails(bucket: str) -> None:
    found = {check.name: check for check in egress(Settings(blobs_url=f"s3://no-{bucket}"))}
    assert (found["object store"].state, "AWS_" in found["object store"].mend) == ("failed", True)


def test_names_that_callers_may_fetch_from_are_looked_up() -> None:
    found = egress(Settings(fetch_allow=["localhost:9000", "nowhere.invalid"]))
    assert (found[0].state, "nowhere.invalid" in found[0].found) == ("warning", True)
    assert "localhost" not in found[0].found
