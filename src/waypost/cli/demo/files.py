"""A tiny web server for the demo's `url` call: it serves the demo's own recordings on loopback."""

import functools
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the demo prints what matters."""


@contextmanager
def recordings() -> Iterator[Path]:
    """The folder with the recordings that ship with the demo."""
    with resources.as_file(resources.files("waypost.cli.demo") / "audio") as folder:
        yield folder


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve `folder` on a free loopback port; yields `127.0.0.1:PORT`."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, name="demo-files", daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
