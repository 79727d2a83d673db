"""The real engine with its sessions in PostgreSQL, under leases that a test may take away."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
import structlog

from waypost.clock import SystemClock
from waypost.engine.settings import EngineSettings
from waypost.engine.supervisor import Supervisor
from waypost.sandbox.client import SandboxClient
from waypost.sandbox.server import start_sandbox
from waypost.sandbox.settings import SandboxSettings
from waypost.storage.postgres.database import connected
from waypost.storage.postgres.engine_address import engine_address
from waypost.storage.postgres.session_store import PostgresSessionStores
from waypost.storage.postgres.target import Target
from waypost.testing.engine_stage import EngineStage, stage_on

_MAKE = """
INSERT INTO instances (id, name, phone, network, created_at, caption_as_text, webhook_url)
VALUES (%(id)s, %(id)s, '1', 'sandbox', 1, true, '')
"""
_LEASE = """
INSERT INTO leases (instance_id, node_id, epoch, expires_at)
VALUES (%s, 'ours', %s, now() + interval '1 hour')
"""


@dataclass
class StoreStage:
    """An engine on a database that is on the newest schema."""

    stage: EngineStage
    url: str
    epochs: dict[str, int] = field(default_factory=dict)

    async def sql(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run a statement of a test's own; its rows."""

        def run() -> list[tuple[Any, ...]]:
            with psycopg.connect(self.url, autocommit=True) as connection:
                cursor = connection.execute(statement, parameters or None)
                return cursor.fetchall() if cursor.description else []

        return await asyncio.to_thread(run)

    async def hold(self, instance_id: str, epoch: int = 7) -> None:
        """Make an instance whose lease is this engine's."""

        def run() -> None:
            with psycopg.connect(self.url, autocommit=True) as connection:
                connection.execute(_MAKE, {"id": instance_id})
                connection.execute(_LEASE, (instance_id, epoch))

        await asyncio.to_thread(run)
        self.epochs[instance_id] = epoch

    async def take(self, instance_id: str) -> None:
        """Give the lease to somebody else, behind the engine's back."""
        await self.sql(
            "UPDATE leases SET node_id = 'other', epoch = epoch + 1 WHERE instance_id = %s", instance_id
        )

    async def schemas(self) -> list[str]:
        """The schemas of sessions and pairings."""
        rows = await self.sql(
            "SELECT nspname FROM pg_namespace WHERE nspname ~ '^(session|pairing)_' ORDER BY 1"
        )
        return [str(name) for (name,) in rows]

    async def connections(self) -> int:
        """How many connections engine processes have."""
        ((count,),) = await self.sql(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name = 'waypost-engine' AND datname = current_database()"
        )
        return int(count)


@contextlib.asynccontextmanager
async def store_stage(
    folder: Path, url: str, settings: EngineSettings | None = None
) -> AsyncIterator[StoreStage]:
    """A sandbox in `folder`/sandbox, spools in `folder`/engine and sessions in the database at `url`."""
    target = Target(url)
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(start_sandbox(SandboxSettings(data=folder / "sandbox")))
        sandbox = await stack.enter_async_context(SandboxClient(server.control_url))
        database = await stack.enter_async_context(connected(target, writers=2, readers=2))
        address = await asyncio.to_thread(engine_address, target)
        plain = await stage_on(sandbox, server.control_url, folder / "engine", settings)
        found = StoreStage(plain, url)
        stores = PostgresSessionStores(database, address, found.epochs.get)
        log = structlog.get_logger("engine")
        engine = Supervisor(plain.settings, plain.events, plain.events, SystemClock(), log, stores)
        found.stage = replace(plain, engine=engine)
        await stack.enter_async_context(engine)
        yield found
