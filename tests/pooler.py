"""PgBouncer in transaction mode, where it is installed."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from waypost.testing.processes import free_port

PROGRAM = os.environ.get("PGBOUNCER") or shutil.which("pgbouncer")
MISSING = "there is no pgbouncer on this machine"


@contextmanager
def running_pooler(postgres_url: str) -> Iterator[str]:
    """The address of a pooler with one connection to the server."""
    assert PROGRAM is not None
    server, port = urlsplit(postgres_url), free_port()
    # As root it wants another user, who could not read a test's folder.
    with tempfile.TemporaryDirectory(prefix="waypost-pgbouncer-") as folder:
        Path(folder).chmod(0o755)
        settings = Path(folder) / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\n* = host=127.0.0.1 port={server.port} user={server.username}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            "auth_type = any\npool_mode = transaction\ndefault_pool_size = 1\nmax_client_conn = 100\n"
        )
        user = pwd.getpwnam("nobody").pw_uid if os.getuid() == 0 else None
        child = subprocess.Popen([PROGRAM, "-q", str(settings)], user=user)
        try:
            _wait(child, port)
            yield f"postgresql://{server.username}@127.0.0.1:{port}{server.path}"
        finally:
            child.kill()
            child.wait()


def _wait(child: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert child.poll() is None, "pgbouncer ended"
            assert time.monotonic() < deadline
            time.sleep(0.02)
