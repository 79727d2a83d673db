import os
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from waypost.errors import TOO_LARGE, ApiError
from waypost.media.blobs import LocalBlobs
from waypost.media.shared_blobs import SharedBlobs
from waypost.storage.postgres.chunks import CHUNK_BYTES, ChunkDepot
from waypost.storage.postgres.database import PostgresDatabase, connected
from waypost.storage.postgres.target import Target
from waypost.testing.postgres import PostgresServer

MB = 1024 * 1024


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[PostgresDatabase]:
    async with connected(Target(postgres_url), writers=2, readers=1) as found:
        yield found


@pytest.fixture
def blobs(database: PostgresDatabase, tmp_path: Path) -> SharedBlobs:
    return SharedBlobs(LocalBlobs(tmp_path / "blobs"), ChunkDepot(database))


async def stream(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 100_000):
        yield data[start : start + 100_000]


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * MB])
async def test_a_file_comes_back_at_another_node_as_it_went(
    blobs: SharedBlobs, database: PostgresDatabase, tmp_path: Path, size: int
) -> None:
    data = os.urandom(size)
    stored = await blobs.put(stream(data), 16 * MB)
    assert stored.size == size
    assert list((tmp_path / "blobs").iterdir()) == []
    elsewhere = SharedBlobs(LocalBlobs(tmp_path / "elsewhere"), ChunkDepot(database))
    path = await elsewhere.file(stored.blob_id, tmp_path / "scratch")
    assert path is not None
    assert path.read_bytes() == data


async def test_a_file_that_is_gone_is_said_to_be(blobs: SharedBlobs, tmp_path: Path) -> None:
    stored = await blobs.put(stream(b"x" * MB), 16 * MB)
    for _ in range(2):
        await blobs.delete(stored.blob_id)
    assert await blobs.file(stored.blob_id, tmp_path / "scratch") is None


async def test_a_file_that_is_too_large_leaves_nothing_anywhere(
    blobs: SharedBlobs, tmp_path: Path, postgres_server: PostgresServer, postgres_database: str
) -> None:
    with pytest.raises(ApiError) as refused:
        await blobs.put(stream(b"x" * 2 * MB), MB)
    assert refused.value.fault is TOO_LARGE
    assert list((tmp_path / "blobs").iterdir()) == []
    assert postgres_server.execute("SELECT count(*) FROM blob_chunks", postgres_database) == [(0,)]


async def test_the_sweep_takes_old_files_that_no_request_has(
    blobs: SharedBlobs, database: PostgresDatabase, tmp_path: Path
) -> None:
    kept, orphan = [(await blobs.put(stream(b"x" * MB), 16 * MB)).blob_id for _ in range(2)]
    assert await blobs.sweep({kept}, lambda _: False) == 0
    assert await blobs.sweep({kept}, lambda _: True) == 1
    assert await blobs.file(orphan, tmp_path / "scratch") is None
    assert await blobs.file(kept, tmp_path / "scratch") is not None


async def test_no_more_than_a_few_chunks_are_in_memory(blobs: SharedBlobs, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(16 * MB))

    async def read() -> AsyncIterator[bytes]:
        with source.open("rb") as file:
            while piece := file.read(64 * 1024):
                yield piece

    tracemalloc.start()
    try:
        stored = await blobs.put(read(), 32 * MB)
        await blobs.file(stored.blob_id, tmp_path / "scratch")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * MB
