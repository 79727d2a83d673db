from pathlib import Path

import psycopg
import pytest

from waypost.config import Settings
from waypost.errors import DATABASE_TOO_SMALL, StorageError
from waypost.storage.opening import opened
from waypost.storage.postgres.connections import Connections, connections
from waypost.storage.postgres.engine_address import EngineAddress, engine_address
from waypost.storage.postgres.target import Target
from waypost.testing.postgres import PostgresServer

_INSTANCE = """
WITH made AS (
    INSERT INTO instances (id, name, phone, network, created_at, caption_as_text, webhook_url)
    SELECT n, n, '1', 'sandbox', 1, true, '' FROM generate_series(1, %s) AS n RETURNING id
)
INSERT INTO leases (instance_id, expires_at) SELECT id, now() FROM made
"""


@pytest.mark.parametrize(
    ("instances", "nodes", "needed"), [(0, 1, 7), (40, 1, 97), (41, 1, 100), (100, 3, 246)]
)
def test_every_session_needs_two_and_some_a_third(instances: int, nodes: int, needed: int) -> None:
    assert Connections(allowed=97, instances=instances, nodes=nodes, of_a_node=6).needed == needed


async def test_a_server_that_allows_too_few_is_refused_with_what_it_would_take(
    tmp_path: Path, postgres_server: PostgresServer, postgres_url: str
) -> None:
    settings = Settings(data=tmp_path, database_url=postgres_url, database_connections=4)
    name = postgres_url.rpartition("/")[2]
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(_INSTANCE, (10,))
    async with opened(settings):
        pass
    postgres_server.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 27')
    try:
        with pytest.raises(StorageError) as refused:
            async with opened(settings):
                pass
    finally:
        postgres_server.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT -1')
    assert refused.value.fault is DATABASE_TOO_SMALL
    assert "Instances: 10, nodes: 1. They need up to 28 connections, and Waypost may have 27." in str(
        refused.value
    )


def test_what_the_server_keeps_for_others_is_not_ours(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    ((most,),) = postgres_server.execute("SELECT current_setting('max_connections')::int")
    ((kept,),) = postgres_server.execute("SELECT current_setting('superuser_reserved_connections')::int")
    assert isinstance(most, int)
    assert isinstance(kept, int)
    assert connections(Target(postgres_url), 6).allowed == most - kept


def test_the_engine_goes_straight_to_the_server_past_a_pooler(postgres_url: str) -> None:
    address = engine_address(Target("postgresql://pooler.invalid:6432/other", postgres_url))
    name = address.name('"session_a"', 7)
    assert "pooler.invalid" not in name
    assert f"port={postgres_url.rpartition(':')[2].partition('/')[0]}" in name
    assert "search_path=%22session_a%22" in name
    assert "waypost.epoch=7" in name


def test_a_password_reaches_the_library_and_no_representation() -> None:
    address = EngineAddress({"host": "db", "user": "w", "password": "s3 cret/&", "keepalives_idle": "10"})
    assert "password=s3%20cret%2F%26" in address.name("x", None)
    assert "s3" not in address.name("x", None).partition("?")[0]
    # Else the library would make a file of it.
    assert address.name("x", None).startswith("postgresql:///w?")
    assert "s3" not in repr(address)
    # lib/pq would hand the server a word that it does not know.
    assert "keepalives" not in address.name("x", None)
    assert "waypost.epoch" not in address.name("x", None)
