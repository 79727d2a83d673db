import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from waypost.cli.ready import look
from waypost.testing.processes import free_port


@contextmanager
def gateway(status: int) -> Iterator[dict[str, str]]:
    """The environment of a gateway whose /readyz answers so."""

    class Readiness(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()
            self.wfile.write(b"The gateway is stopping.")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Readiness) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield {"WAYPOST_HOST": "0.0.0.0", "WAYPOST_PORT": str(server.server_address[1])}
        server.shutdown()
        thread.join()


def test_a_gateway_that_is_ready_ends_it_with_0() -> None:
    with gateway(200) as environ:
        assert look(environ) is None
        words = [sys.executable, "-m", "waypost.cli.ready"]
        assert subprocess.run(words, env=environ, check=False, timeout=30).returncode == 0


def test_one_that_is_not_ends_it_with_1_and_the_reason() -> None:
    with gateway(503) as environ:
        words = [sys.executable, "-m", "waypost.cli.ready"]
        done = subprocess.run(words, env=environ, check=False, timeout=30, capture_output=True, text=True)
        assert (done.returncode, done.stderr.strip()) == (1, "The gateway is stopping.")


def test_one_that_does_not_answer_is_not_ready() -> None:
    says = look({"WAYPOST_PORT": str(free_port())})
    assert says is not None
    assert "does not answer" in says


def test_a_port_that_is_none_is_said() -> None:
    assert look({"WAYPOST_PORT": "eighty"}) == "WAYPOST_PORT is 'eighty'."


def test_it_imports_nothing_that_takes_time() -> None:
    code = "import sys, waypost.cli.ready; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, timeout=30, capture_output=True, text=True
    )
    assert not {"typer", "httpx", "msgspec", "asyncio"} & set(done.stdout.split())
