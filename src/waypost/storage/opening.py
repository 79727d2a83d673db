import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from waypost.config import Settings
from waypost.engine.store import SessionStores
from waypost.instances.neighbours import NodeStores
from waypost.media.shared_blobs import Depot
from waypost.storage.database import Database
from waypost.storage.writer import OnCommit, uncounted
from waypost.telemetry import Log

# A writer and a reader: a renewal that waits behind a slow commit would cost the node its instances.
_FOR_LEASES: Final = 2
# A renewal that takes longer is of no use any more.
_LEASE_SECONDS: Final = 1.5


@dataclass(frozen=True, slots=True)
class Storage:
    """The database, and what nodes share beside it where there may be several: what they know of each other,
    the larger uploads, and the sessions.
    """

    database: Database
    nodes: NodeStores | None
    depot: Depot | None
    # Made with what tells the epoch under which this node holds an instance.
    sessions: Callable[[Callable[[str], int | None]], SessionStores] | None = None
    # Takes sessions away whose instance is gone, until cancelled.
    sweeping: Callable[[Log], Coroutine[Any, Any, None]] | None = None


@asynccontextmanager
async def opened(settings: Settings, on_commit: OnCommit = uncounted) -> AsyncIterator[Storage]:
    """The database that the settings name, on the newest schema. Raises StorageError.

    Hold the data folder's lock around it.
    """
    depot: Depot | None = None
    if settings.blobs_url:
        from waypost.storage.object_depot import ObjectDepot

        depot = ObjectDepot(settings.blobs_url)
    if settings.database_url:
        async with _shared(settings, depot, on_commit) as storage:
            yield storage
        return
    from waypost.storage.sqlite.database import opened as sqlite

    async with sqlite(settings.data / "waypost.db", on_commit=on_commit) as database:
        yield Storage(database, None, depot)


@asynccontextmanager
async def _shared(settings: Settings, depot: Depot | None, on_commit: OnCommit) -> AsyncIterator[Storage]:
    # Whoever does without PostgreSQL does without its driver in memory.
    from waypost.storage.postgres.chunks import ChunkDepot
    from waypost.storage.postgres.conditions import PostgresConditions
    from waypost.storage.postgres.connections import connections
    from waypost.storage.postgres.database import connected
    from waypost.storage.postgres.database import opened as postgres
    from waypost.storage.postgres.deserted_sessions import DesertedSessions
    from waypost.storage.postgres.engine_address import engine_address
    from waypost.storage.postgres.leases import PostgresLeases
    from waypost.storage.postgres.notices import PostgresNotices
    from waypost.storage.postgres.orders import PostgresOrders
    from waypost.storage.postgres.session_store import PostgresSessionStores
    from waypost.storage.postgres.target import Target

    target = Target(settings.database_url, settings.database_direct_url)
    readers = (settings.database_connections - _FOR_LEASES) // 2
    writers = settings.database_connections - _FOR_LEASES - readers
    async with (
        postgres(target, writers, readers, on_commit) as database,
        connected(target.within(_LEASE_SECONDS), writers=1, readers=1) as apart,
    ):
        (await asyncio.to_thread(connections, target, settings.database_connections)).check()
        address = await asyncio.to_thread(engine_address, target)
        yield Storage(
            database,
            NodeStores(
                PostgresLeases(apart),
                PostgresConditions(database),
                PostgresOrders(database),
                PostgresNotices(database, target),
            ),
            ChunkDepot(database) if depot is None else depot,
            lambda epoch_of: PostgresSessionStores(database, address, epoch_of),
            lambda log: DesertedSessions(database, log).run(),
        )
