import asyncio
import hashlib
import os
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from waypost.errors import STORAGE_UNAVAILABLE, TOO_LARGE, ApiError, StorageError
from waypost.media.blobs import LocalBlobs


@pytest.fixture
def blobs(tmp_path: Path) -> Iterator[LocalBlobs]:
    store = LocalBlobs(tmp_path / "blobs")
    yield store
    store.close()


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def files(tmp_path: Path) -> list[str]:
    return sorted(os.listdir(tmp_path / "blobs"))


async def test_a_stream_becomes_a_file_with_its_size_and_hash(blobs: LocalBlobs, tmp_path: Path) -> None:
    chunks = [os.urandom(size) for size in (0, 1, 70_000, 300_000, 5)]
    stored = await blobs.put(stream(*chunks), max_bytes=1_000_000)
    data = b"".join(chunks)
    assert (stored.size, stored.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert blobs.path_of(stored.blob_id).read_bytes() == data
    assert files(tmp_path) == [stored.blob_id]
    assert blobs.path_of(stored.blob_id).stat().st_mode & 0o777 == 0o600


async def test_the_file_and_its_folder_are_synced_before_put_returns(
    blobs: LocalBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def note_fsync(fd: int) -> None:
        steps.append("folder synced" if os.path.isdir(f"/proc/self/fd/{fd}") else "file synced")
        fsync(fd)

    def note_rename(self: Path, target: Path) -> Path:
        steps.append("renamed")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "rename", note_rename)
    await blobs.put(stream(b"x"), max_bytes=1)
    assert steps == ["file synced", "renamed", "folder synced"]


async def test_exactly_the_limit_passes_and_one_byte_more_is_too_large(
    blobs: LocalBlobs, tmp_path: Path
) -> None:
    await blobs.put(stream(b"1234", b"5678"), max_bytes=8)
    with pytest.raises(ApiError) as caught:
        await blobs.put(stream(b"1234", b"56789"), max_bytes=8)
    assert caught.value.fault is TOO_LARGE
    assert len(files(tmp_path)) == 1


async def test_an_endless_stream_is_left_at_the_limit(blobs: LocalBlobs, tmp_path: Path) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1000
            yield bytes(1000)

    with pytest.raises(ApiError):
        await blobs.put(endless(), max_bytes=50_000)
    assert taken == 51_000
    assert files(tmp_path) == []


async def test_a_broken_stream_leaves_nothing(blobs: LocalBlobs, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield bytes(300_000)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await blobs.put(broken(), max_bytes=1_000_000)
    assert files(tmp_path) == []


async def test_a_cancelled_put_leaves_nothing(blobs: LocalBlobs, tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield bytes(300_000)
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(blobs.put(stalled(), max_bytes=1_000_000))
    await asyncio.wait_for(begun.wait(), 5)
    assert len(files(tmp_path)) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert files(tmp_path) == []


async def test_a_failing_disk_is_a_storage_error(
    blobs: LocalBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError) as caught:
        await blobs.put(stream(b"x"), max_bytes=1)
    assert caught.value.fault is STORAGE_UNAVAILABLE
    assert "No space left" in caught.value.message
    assert str(tmp_path) not in caught.value.message
    assert files(tmp_path) == []


async def test_a_scratch_file_can_be_kept(blobs: LocalBlobs, tmp_path: Path) -> None:
    async with blobs.scratch() as path:
        path.write_bytes(b"note")
        stored = await blobs.keep(path)
    assert blobs.path_of(stored.blob_id).read_bytes() == b"note"
    assert (stored.size, stored.sha256) == (4, hashlib.sha256(b"note").hexdigest())
    assert files(tmp_path) == [stored.blob_id]


async def test_a_scratch_file_that_is_not_kept_goes(blobs: LocalBlobs, tmp_path: Path) -> None:
    async with blobs.scratch() as path:
        path.write_bytes(b"note")
    assert files(tmp_path) == []


async def test_delete_removes_once_and_is_calm_after(blobs: LocalBlobs) -> None:
    stored = await blobs.put(stream(b"x"), max_bytes=1)
    assert await blobs.exists(stored.blob_id)
    await blobs.delete(stored.blob_id)
    await blobs.delete(stored.blob_id)
    assert not await blobs.exists(stored.blob_id)


@pytest.mark.parametrize("text", ["", "..", "../x", "a" * 31, "A" * 32, "a" * 32 + "\n", "a" * 32 + ".part"])
def test_text_that_is_no_id_never_becomes_a_path(blobs: LocalBlobs, text: str) -> None:
    with pytest.raises(ValueError, match="blob id"):
        blobs.path_of(text)


async def test_the_sweep_takes_old_orphans_and_spares_the_rest(blobs: LocalBlobs, tmp_path: Path) -> None:
    folder = tmp_path / "blobs"
    known, _, young = [(await blobs.put(stream(b"x"), max_bytes=1)).blob_id for _ in range(3)]
    unfinished = f"{'a' * 32}.part"
    (folder / unfinished).touch()
    (folder / "not-ours.txt").touch()
    assert await blobs.sweep({known}, lambda name: name != young) == 2
    assert files(tmp_path) == sorted([known, young, "not-ours.txt"])


async def test_a_put_cancelled_while_its_file_is_made_leaks_no_descriptor(
    blobs: LocalBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening, go_on = threading.Event(), threading.Event()
    descriptors: list[int] = []
    real_open = os.open

    def slow_open(path: str, flags: int, mode: int = 0o777) -> int:
        opening.set()
        go_on.wait(5)
        descriptors.append(real_open(path, flags, mode))
        return descriptors[-1]

    monkeypatch.setattr(os, "open", slow_open)
    task = asyncio.create_task(blobs.put(stream(b"x"), max_bytes=1))
    await asyncio.to_thread(opening.wait, 5)
    task.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptors[0])
    assert files(tmp_path) == []
