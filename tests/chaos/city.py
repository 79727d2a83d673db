import asyncio
import contextlib
import os
import random
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from waypost.testing.cable import Cable
from waypost.testing.nodes_stage import NodeProcess, NodesStage, nodes_stage
from waypost.testing.postgres import PostgresServer
from waypost.testing.skewed import set_skew

NAMES = ("a", "b", "c")
# A commit that changes requests fails at its very end, as on a disk that is full, while this is switched on.
_FAILING_COMMITS = """
CREATE TABLE chaos (share double precision NOT NULL);
INSERT INTO chaos VALUES (0);
CREATE FUNCTION chaos() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF random() < (SELECT share FROM chaos) THEN
        RAISE EXCEPTION 'injected' USING ERRCODE = 'disk_full';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER chaos AFTER INSERT OR UPDATE ON requests
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION chaos()
"""
_DISK_BYTES = 64 << 20


@dataclass(frozen=True)
class Death:
    """A node was killed: when (seconds since the epoch), and what it held."""

    at: float
    instance_ids: frozenset[str]


@dataclass
class City:
    """Three nodes, each with a cable to one database, a clock that can be set and, for root, a small disk."""

    stage: NodesStage
    server: PostgresServer
    database: str
    folder: Path
    cables: Mapping[str, Cable]
    deaths: list[Death] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """Promises that were seen broken while it happened."""

    def node(self, name: str) -> NodeProcess:
        """The node of that name that was started last."""
        return self.stage.nodes[name]

    def pick(self, chance: random.Random) -> NodeProcess:
        """One of the nodes that run."""
        return chance.choice([node for node in self.stage.nodes.values() if node.process.runs])

    def urls(self) -> list[str]:
        """Where the nodes answer, those included that were killed just now."""
        return [str(node.http.base_url).rstrip("/") for node in self.stage.nodes.values()]

    async def holders(self) -> dict[str, str]:
        """Who holds what, past all cables."""
        return await asyncio.to_thread(self.stage.holders)

    async def sql(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement past all cables."""
        return await asyncio.to_thread(self.server.execute, statement, self.database)

    def skew(self, name: str, seconds: float) -> None:
        """Set the wall clock of a node."""
        set_skew(self.folder / f"{name}.skew", seconds)

    @contextlib.contextmanager
    def full_disk(self, node: NodeProcess) -> Iterator[None]:
        """No byte more fits on the node's disk; or, not being root, into any of its files."""
        data = self.folder / node.name
        if not os.path.ismount(data):
            process = psutil.Process(node.process.pid)
            before = process.rlimit(psutil.RLIMIT_FSIZE)
            process.rlimit(psutil.RLIMIT_FSIZE, (0, before[1]))
            try:
                yield
            finally:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.rlimit(psutil.RLIMIT_FSIZE, before)
            return
        ballast = data / "ballast"
        try:
            with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(4096))
            yield
        finally:
            ballast.unlink(missing_ok=True)

    def note_death(self, held: Mapping[str, str], name: str) -> None:
        """The node is killed now."""
        ids = frozenset(one for one, holder in held.items() if holder == name)
        self.deaths.append(Death(time.time(), ids))


@contextlib.asynccontextmanager
async def city(folder: Path, server: PostgresServer, contacts: list[str]) -> AsyncIterator[City]:
    """Three nodes that run, on a database of their own."""
    database = server.create()
    url = server.url(database)
    cables = {name: Cable(server.port) for name in NAMES}

    def settings(name: str) -> dict[str, str]:
        parts = urlsplit(url)
        way = f"{parts.scheme}://{parts.username}@127.0.0.1:{cables[name].port}{parts.path}"
        return {
            "WAYPOST_DATABASE_URL": way,
            # Longer than any fault: receipts may lie in the spool of a node that is cut off.
            "WAYPOST_UNKNOWN_SECONDS": "12",
            "SKEW_FILE": str(folder / f"{name}.skew"),
        }

    async with contextlib.AsyncExitStack() as stack:
        for name in NAMES:
            set_skew(folder / f"{name}.skew", 0.0)
            stack.enter_context(_disk(folder / name))
            await stack.enter_async_context(cables[name].laid())
        stage = await stack.enter_async_context(
            nodes_stage(folder, url, contacts, "waypost.testing.skewed", settings)
        )
        await stage.running(*NAMES)
        made = City(stage, server, database, folder, cables)
        await made.sql(_FAILING_COMMITS)
        try:
            yield made
        finally:
            print(stage.logs())


@contextlib.contextmanager
def _disk(folder: Path) -> Iterator[None]:
    """A small disk at `folder`, where we may mount one."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={_DISK_BYTES},mode=0700", "waypost-chaos", str(folder)]
    mounted = (
        os.getuid() == 0
        and subprocess.run(["mount", *options], check=False, capture_output=True).returncode == 0
    )
    try:
        yield
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)
