import asyncio
import base64
import hashlib
import os
import ssl

import httpx
import pytest

from waypost.sandbox.client import SandboxClient
from waypost.sandbox.proxy import leads_here
from waypost.sandbox.server import Sandbox
from waypost.sandbox.views import NewFailure


@pytest.fixture
def trusting(sandbox: Sandbox) -> httpx.AsyncClient:
    """An HTTP client that goes through the sandbox's proxy and trusts its authority."""
    context = ssl.create_default_context(cafile=str(sandbox.network.settings.data / "ca.pem"))
    return httpx.AsyncClient(proxy=sandbox.proxy_url, verify=context, trust_env=False)


def upload_path(sandbox: Sandbox, blob: bytes) -> str:
    token = base64.urlsafe_b64encode(hashlib.sha256(blob).digest()).decode()
    return f"/mms/audio/{token}?auth={sandbox.network.secrets.media.hex()}&token={token}"


@pytest.mark.parametrize("host", ["web.whatsapp.com", "mmg.whatsapp.net", "own"])
async def test_an_upload_through_the_proxy_is_fetched_again(
    sandbox: Sandbox, trusting: httpx.AsyncClient, host: str
) -> None:
    base = f"https://{sandbox.media_host if host == 'own' else host}"
    blob = os.urandom(300_000)
    async with trusting as http:
        answer = (await http.post(base + upload_path(sandbox, blob), content=blob)).json()
        assert answer["direct_path"].startswith("/")
        assert "?" in answer["direct_path"]
        assert (await http.get(base + answer["direct_path"] + "&hash=x&mms-type=audio")).content == blob


async def test_an_upload_of_another_hash_too_large_or_without_auth_is_refused(
    sandbox: Sandbox, trusting: httpx.AsyncClient
) -> None:
    base = f"https://{sandbox.media_host}"
    async with trusting as http:
        path = upload_path(sandbox, b"said")
        assert (await http.post(base + path, content=b"sent")).status_code == 400
        assert (await http.post(base + path.partition("?")[0], content=b"said")).status_code == 401
        assert (await http.get(f"{base}/v/{'A' * 43}")).status_code == 404
        assert (await http.get(f"{base}/v/../../ca.key")).status_code == 404
    assert [path.name for path in (sandbox.network.settings.data / "media").iterdir()] == []


async def test_media_fail_and_are_slow_when_that_is_injected(
    sandbox: Sandbox, client: SandboxClient, trusting: httpx.AsyncClient
) -> None:
    await client.fail(NewFailure(kind="failing_media", direction="upload", code=507, times=1))
    await client.fail(NewFailure(kind="slow_media", direction="download", seconds=0.3, times=1))
    url = f"https://{sandbox.media_host}"
    async with trusting as http:
        assert (await http.post(url + upload_path(sandbox, b"x"), content=b"x")).status_code == 507
        answer = await http.post(url + upload_path(sandbox, b"x"), content=b"x")
        start = asyncio.get_running_loop().time()
        assert (await http.get(url + answer.json()["direct_path"])).content == b"x"
        assert asyncio.get_running_loop().time() - start >= 0.3
    assert [failure.applied for failure in await client.failures()] == [1, 1]


@pytest.mark.parametrize(
    ("target", "here"),
    [
        ("web.whatsapp.com:443", True),
        ("mmg.whatsapp.net:443", True),
        ("127.0.0.1:5000", True),
        ("127.0.0.1:5001", False),
        ("10.215.77.9:5000", True),
        ("10.215.77.9:5001", False),
        ("10.215.77.8:5000", False),
        ("web.whatsapp.com:80", False),
        ("evilwhatsapp.com:443", False),
        ("web.whatsapp.com.evil.example:443", False),
        ("example.com:443", False),
        ("", False),
    ],
)
def test_the_proxy_leads_to_the_network_only(target: str, here: bool) -> None:
    assert leads_here(target, "10.215.77.9", 5000) is here


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET http://example.com/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
async def test_the_proxy_refuses_anything_else(sandbox: Sandbox, request_bytes: bytes) -> None:
    port = int(sandbox.proxy_url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_bytes)
    assert (await reader.read(12)).startswith(b"HTTP/1.1 403")
    writer.close()
    await writer.wait_closed()
