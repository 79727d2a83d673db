import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

AUDIO = Path(__file__).parents[1] / "audio"


@pytest.fixture(scope="session")
def recordings() -> Iterator[str]:
    """A web server with the recordings on loopback; a query is ignored."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(AUDIO))

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
