"""`python -m waypost.testing.noting <pid> <port> <file> <seed>`: a receiver of webhooks as a process of its
own, to be killed. It notes each request in the file before it answers, and refuses most by chance until GET
/calm, in every way that a receiver can; it ends with the process `pid`.
"""

import json
import os
import random
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

# One of each kind of refusal. `closed` ends the connection without an answer, `half` in the middle of one
# that began well, `cut` within its first line; `noise` is no HTTP; `hung` says nothing until /calm.
_REFUSALS: Final = (500, 503, 401, 404, 410, 302, "closed", "half", "cut", "noise", "hung")
_SHARE: Final = 0.6
_RAW: Final = {
    "half": b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{",
    "cut": b"HTTP/1.1 20",
    "noise": b"\x00\xffhello\r\n\r\n",
}
_HANGS_SECONDS: Final = 60.0


def main() -> None:
    """Serve until killed."""
    parent, port, file, seed = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
    chance = random.Random(f"{seed}/{time.time()}")  # noqa: S311
    calm = threading.Event()
    notes = file.open("ab", buffering=0)
    lock = threading.Lock()

    class Noting(BaseHTTPRequestHandler):
        """Notes, then answers."""

        def do_GET(self) -> None:
            """Whether it is there; /calm ends the refusals."""
            if self.path == "/calm":
                calm.set()
            self._say(200)

        def do_POST(self) -> None:
            """An event."""
            length = int(self.headers.get("content-length", "0"))
            content = self.rfile.read(length)
            refused = not calm.is_set() and chance.random() < _SHARE
            status = chance.choice(_REFUSALS) if refused else 200
            if len(content) < length:
                status = "left"  # the sender was killed in the middle of it: nobody hears an answer
            body = content.decode(errors="replace")
            line = {"status": status, "path": self.path, "headers": dict(self.headers.items()), "body": body}
            with lock:
                notes.write(json.dumps(line).encode() + b"\n")
            if isinstance(status, int):
                self._say(status)
                return
            if status == "hung":
                calm.wait(_HANGS_SECONDS)
            self.wfile.write(_RAW.get(status, b""))
            self.close_connection = True

        def _say(self, status: int) -> None:
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Noting)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    server.serve_forever()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


if __name__ == "__main__":
    main()
