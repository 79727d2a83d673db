import sys
import threading
import urllib.request
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

_PORT = 8333
_moto = DomainDispatcherApplication(create_backend_app)


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """S3, and SeaweedFS's `/healthz`."""
    if environ["PATH_INFO"] == "/healthz":
        start("200 OK", [("Content-Length", "0")])
        return []
    answer: Iterable[bytes] = _moto(environ, start)
    return answer


def bucket(name: str) -> None:
    """Make it."""
    make = urllib.request.Request(f"http://127.0.0.1:{_PORT}/{name}", method="PUT")
    urllib.request.urlopen(make, timeout=60).close()


if __name__ == "__main__":
    (name,) = (word.partition("=")[2] for word in sys.argv if word.startswith("-bucket="))
    threading.Timer(3.0, bucket, (name,)).start()
    run_simple("0.0.0.0", _PORT, application, threaded=True)
