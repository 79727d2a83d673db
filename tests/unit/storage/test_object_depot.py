import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from waypost.errors import STORAGE_UNAVAILABLE, StorageError
from waypost.media.blobs import LocalBlobs
from waypost.media.shared_blobs import SharedBlobs
from waypost.storage.object_depot import ObjectDepot

MB = 1024 * 1024


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def url(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket of its own; where it is and who may use it are told by the usual variables."""
    import httpx

    name = f"b{os.urandom(6).hex()}"
    httpx.put(f"{endpoint}/{name}", trust_env=False).raise_for_status()
    for variable, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "geheim",
    }.items():
        monkeypatch.setenv(variable, value)
    return f"s3://{name}/uploads"


async def stream(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 100_000):
        yield data[start : start + 100_000]


@pytest.mark.parametrize("size", [1, MB, 12 * MB])
async def test_a_file_comes_back_at_another_node_as_it_went(url: str, tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    stored = await SharedBlobs(LocalBlobs(tmp_path / "one"), ObjectDepot(url)).put(stream(data), 16 * MB)
    assert stored.size == size
    path = await SharedBlobs(LocalBlobs(tmp_path / "two"), ObjectDepot(url)).file(
        stored.blob_id, tmp_path / "scratch"
    )
    assert path is not None
    assert path.read_bytes() == data


async def test_a_file_that_is_gone_is_said_to_be(url: str, tmp_path: Path) -> None:
    depot = ObjectDepot(url)
    (tmp_path / "source").write_bytes(b"x")
    await depot.store("a" * 32, tmp_path / "source")
    for _ in range(2):
        await depot.delete("a" * 32)
    assert not await depot.fetch("a" * 32, tmp_path / "scratch")


async def test_the_sweep_takes_old_files_that_no_request_has(url: str, tmp_path: Path) -> None:
    depot = ObjectDepot(url)
    (tmp_path / "source").write_bytes(b"x")
    for name in "ab":
        await depot.store(name * 32, tmp_path / "source")
    assert await depot.sweep({"a" * 32}, lambda _: False) == 0
    assert await depot.sweep({"a" * 32}, lambda _: True) == 1
    assert await depot.fetch("a" * 32, tmp_path / "scratch")
    assert not await depot.fetch("b" * 32, tmp_path / "scratch")


async def test_a_store_that_refuses_is_said_without_its_keys(url: str, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"x")
    with pytest.raises(StorageError) as refused:
        await ObjectDepot("s3://no-such-bucket").store("a" * 32, tmp_path / "source")
    assert refused.value.fault is STORAGE_UNAVAILABLE
    assert "geheim" not in refused.value.message


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(StorageError, match="WAYPOST_BLOBS_URL"):
        ObjectDepot("what://ever")
