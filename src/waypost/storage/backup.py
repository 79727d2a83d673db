"""A copy of a data folder as one tar file, taken beside a gateway that runs.

The parts are copied one after the other, each as it was at one moment, in an order that loses nothing: spools
before the database, since an event that is in both is taken once; uploads and session stores after it, since
what the database names must be there. The gateway goes on meanwhile: a reader of a database in WAL mode holds
nobody up.
"""

import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import msgspec

from waypost.engine.store_folder import DATABASE as SESSION
from waypost.engine.store_folder import INSTANCES
from waypost.errors import BACKUP_UNUSABLE, StorageError
from waypost.storage.sqlite.dialect import SqliteDialect
from waypost.storage.sqlite.migrate import revision

DATABASE: Final = "waypost.db"
HEADING: Final = "waypost-backup.json"
FORMAT: Final = 1
# How long a store's writer is waited for.
_BUSY_SECONDS: Final = 10.0


class Heading(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup begins with. `taken_at` is seconds since the epoch, `revision` the database's."""

    format: int
    taken_at: float
    revision: str


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """How much a backup holds."""

    requests: int
    unfinished: int
    files: int
    sessions: int
    bytes: int


def write(data: Path, target: Path, now: float) -> Contents:
    """Copy the data folder `data` to `target`, which must not be there yet; the file is on the disk, readable
    by its owner alone, when this returns. Blocks.

    Raises StorageError: BACKUP_UNUSABLE.
    """
    if not (data / DATABASE).is_file():
        raise StorageError(BACKUP_UNUSABLE, f"{data.absolute()} holds no database.")
    if target.exists():
        raise StorageError(BACKUP_UNUSABLE, f"{target} is there already.")
    part = target.with_name(f"{target.name}.part")
    try:
        with tempfile.TemporaryDirectory(prefix=".waypost-", dir=target.absolute().parent) as folder:
            with _new_tar(part) as tar:
                contents = _fill(tar, data, Path(folder), now)
            part.rename(target)
            _sync(target.absolute().parent)
    except OSError as error:
        why = error.strerror or error
        raise StorageError(BACKUP_UNUSABLE, f"{target.absolute()} can't be written: {why}.") from error
    except (sqlite3.Error, tarfile.TarError) as error:
        raise StorageError(BACKUP_UNUSABLE, f"{error}.") from error
    finally:
        part.unlink(missing_ok=True)
    return msgspec.structs.replace(contents, bytes=target.stat().st_size)


def copy(source: Path, target: Path) -> None:
    """A SQLite database as it is at one moment. Blocks. Raises sqlite3.Error."""
    with (
        closing(sqlite3.connect(source, timeout=_BUSY_SECONDS)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        old.execute("PRAGMA query_only = ON")
        # In one step: a copy in several begins anew whenever the gateway has written in between.
        old.backup(new, pages=-1)
    target.chmod(0o600)


def _fill(tar: tarfile.TarFile, data: Path, scratch: Path, now: float) -> Contents:
    instances = data / "engine" / INSTANCES
    for spooled in sorted(instances.glob("*/spool/*")):
        _add(tar, spooled, data, scratch)
    database = scratch / DATABASE
    copy(data / DATABASE, database)
    sql = SqliteDialect().statements("backup")
    with closing(sqlite3.connect(database)) as connection:
        heading = Heading(format=FORMAT, taken_at=now, revision=revision(connection) or "")
        blobs = [name for (name,) in connection.execute(sql["files"])]
        counts = "SELECT count(*), count(*) - count(finished_at) FROM requests"
        requests, unfinished = connection.execute(counts).fetchone()
    (scratch / HEADING).write_bytes(msgspec.json.encode(heading))
    tar.add(scratch / HEADING, HEADING)
    tar.add(database, DATABASE)
    database.unlink()
    files = sum(_add(tar, data / "blobs" / name, data, scratch) for name in blobs)
    sessions = 0
    for store in sorted(instances.glob(f"*/store/{SESSION}")):
        copy(store, scratch / SESSION)
        tar.add(scratch / SESSION, str(store.relative_to(data)))
        (scratch / SESSION).unlink()
        sessions += 1
    return Contents(requests=requests, unfinished=unfinished, files=files, sessions=sessions, bytes=0)


def _add(tar: tarfile.TarFile, file: Path, data: Path, scratch: Path) -> bool:
    """Add a file that others may write to or remove; False when it is gone."""
    kept = scratch / "file"
    try:
        kept.write_bytes(file.read_bytes())
    except FileNotFoundError:
        return False
    tar.add(kept, str(file.relative_to(data)))
    return True


@contextmanager
def _new_tar(path: Path) -> Iterator[tarfile.TarFile]:
    """A tar file that is on the disk when the context ends without an error."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            yield tar
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
