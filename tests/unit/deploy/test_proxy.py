"""deploy/compose/Caddyfile in a real Caddy, before gateways that are ready and ones that are not."""

import contextlib
import http.server
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.unit.deploy.compose import FOLDER

from waypost.testing.gateway_stage import until
from waypost.testing.processes import free_port

pytestmark = pytest.mark.skipif(shutil.which("caddy") is None, reason="Caddy is not there to judge it")


class Upstream:
    """A gateway's outside: it is ready or not, and notes what it is asked."""

    def __init__(self) -> None:
        self.ready = True
        self.seen: list[tuple[str, int, str]] = []
        noted = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer(200 if noted.ready or self.path != "/readyz" else 503)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                noted.seen.append((self.path, len(body), self.headers["X-Forwarded-For"]))
                self._answer(200)

            def _answer(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def upstreams() -> Iterator[list[Upstream]]:
    with contextlib.ExitStack() as stack:
        found = []
        for _ in range(2):
            one = Upstream()
            threading.Thread(target=one.server.serve_forever, daemon=True).start()
            stack.callback(one.server.server_close)
            stack.callback(one.server.shutdown)
            found.append(one)
        yield found


@contextlib.contextmanager
def caddy(folder: Path, upstreams: list[Upstream]) -> Iterator[str]:
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "SITE": f"http://:{port}",
        "UPSTREAMS": " ".join(one.address for one in upstreams),
    }
    words = ["caddy", "run", "--adapter", "caddyfile", "--config", str(FOLDER / "Caddyfile")]
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(words, env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        child.terminate()
        child.wait(10)


async def test_calls_go_to_the_gateways_that_are_ready(tmp_path: Path, upstreams: list[Upstream]) -> None:
    first, second = upstreams
    first.ready = False
    with caddy(tmp_path, upstreams) as url:
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=10) as http:

            async def alone() -> bool:
                """Whether four calls in a row leave the first out."""
                before = len(first.seen)
                with contextlib.suppress(httpx.TransportError):
                    for _ in range(4):
                        await http.post("/call", content=b"x", headers={"X-Forwarded-For": "6.6.6.6"})
                    return len(first.seen) == before and bool(second.seen)
                return False

            await until(alone, bool)
            # Who calls is what Caddy saw, not what the caller says.
            assert {address for _, _, address in second.seen} == {"127.0.0.1"}
            first.ready = True
            await until(alone, lambda left_out: not left_out)


async def test_a_body_may_be_as_large_as_the_gateway_takes_them(
    tmp_path: Path, upstreams: list[Upstream]
) -> None:
    base64_of_16_mib = 16 * 1024 * 1024 * 4 // 3 + 1000
    with caddy(tmp_path, upstreams[:1]) as url:
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=10) as http:

            async def status(size: int) -> int:
                with contextlib.suppress(httpx.TransportError):
                    return (await http.post("/call", content=b"x" * size)).status_code
                return 0

            await until(lambda: status(1), lambda found: found == 200)
            assert await status(base64_of_16_mib) == 200
            assert await status(24_000_000) in (0, 413, 502)


def test_without_a_domain_it_does_not_start(tmp_path: Path) -> None:
    words = ["caddy", "validate", "--adapter", "caddyfile", "--config", str(FOLDER / "Caddyfile")]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SITE": "", "UPSTREAMS": "waypost:8780"}
    done = subprocess.run(words, env=environment, capture_output=True, timeout=30, check=False)
    assert done.returncode != 0
    named = subprocess.run(
        words, env={**environment, "SITE": "gateway.example"}, capture_output=True, timeout=30, check=False
    )
    assert named.returncode == 0, named.stderr
