"""A data folder from a backup.

A backup is older than the truth: what it has as queued may have been sent since, and what it has as a
session's ratchets may have been used. So both are left out unless the operator says that nothing has happened
since: requests that had not ended end as `restored`, and instances are paired anew.
"""

import os
import re
import shutil
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec

from waypost.engine.store_folder import INSTANCES
from waypost.errors import BACKUP_UNUSABLE, DATA_FOLDER_NOT_EMPTY, RESTORED, STORAGE_UNAVAILABLE, StorageError
from waypost.outbox.failures import response_body
from waypost.outbox.request import Failure
from waypost.storage.backup import DATABASE, FORMAT, HEADING, Heading
from waypost.storage.folder_lock import locked
from waypost.storage.migrations.chain import head
from waypost.storage.sqlite.dialect import SqliteDialect

_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"
_INSTANCE: Final = rf"engine/{INSTANCES}/{_NAME}"
_NONE: Final = "It is no backup of Waypost, or not a whole one."
_SESSION: Final = re.compile(rf"{_INSTANCE}/store/session\.db")
_OTHERS: Final = re.compile(rf"{HEADING}|{DATABASE}|blobs/[0-9a-f]{{32}}|{_INSTANCE}/spool/{_NAME}")
_FRESH: Final = f"{DATABASE}.restoring"
_LOCK: Final = "waypost.lock"


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What was restored: how many requests were ended as `restored`, and whether sessions came along."""

    taken_at: float
    held_back: int
    sessions: int


def restore(
    source: Path, data: Path, now: float, *, sessions: bool, send_queued: bool, keep_files: float
) -> Restored:
    """Make the data folder `data` of the backup `source`. Blocks.

    `sessions` brings session stores along, `send_queued` leaves queued requests queued; uploads of those that
    are held back are kept for `keep_files` seconds. Raises StorageError: DATA_FOLDER_BUSY,
    DATA_FOLDER_UNUSABLE, DATA_FOLDER_NOT_EMPTY, BACKUP_UNUSABLE, STORAGE_UNAVAILABLE.
    """
    with locked(data):
        if any(file.name != _LOCK for file in data.iterdir()):
            raise StorageError(DATA_FOLDER_NOT_EMPTY, f"The folder is {data.absolute()}.")
        try:
            heading, count = _unpack(source, data, sessions)
            held_back = _settle(data / _FRESH, now, send_queued, now + keep_files)
        except OSError as error:
            about = f"{error.filename}: {error.strerror}" if error.filename else error.strerror or error
            raise StorageError(BACKUP_UNUSABLE, f"{about}.") from error
        except tarfile.TarError as error:
            raise StorageError(BACKUP_UNUSABLE, _NONE) from error
        except (sqlite3.Error, msgspec.DecodeError) as error:
            raise StorageError(BACKUP_UNUSABLE, f"{error}.") from error
        try:
            # Only now is there a database that a gateway would start with.
            (data / _FRESH).rename(data / DATABASE)
            os.sync()
        except OSError as error:
            raise StorageError(STORAGE_UNAVAILABLE, f"{error}.") from error
    return Restored(taken_at=heading.taken_at, held_back=held_back, sessions=count)


def _unpack(source: Path, data: Path, sessions: bool) -> tuple[Heading, int]:
    heading: Heading | None = None
    count = 0
    with tarfile.open(source, "r:") as tar:
        for member in tar:
            is_session = _SESSION.fullmatch(member.name) is not None
            if not member.isfile() or not (is_session or _OTHERS.fullmatch(member.name)):
                raise StorageError(BACKUP_UNUSABLE, f"It holds {member.name!r}.")
            content = tar.extractfile(member)
            if content is None or (is_session and not sessions):
                continue
            if member.name == HEADING:
                heading = _checked(msgspec.json.decode(content.read(), type=Heading))
                continue
            count += is_session
            target = data / (_FRESH if member.name == DATABASE else member.name)
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                shutil.copyfileobj(content, file)
    if heading is None or not (data / _FRESH).exists():
        raise StorageError(BACKUP_UNUSABLE, _NONE)
    return heading, count


def _checked(heading: Heading) -> Heading:
    if heading.format != FORMAT or heading.revision > head():
        raise StorageError(BACKUP_UNUSABLE, "It was made by a newer Waypost; restore it with that release.")
    return heading


def _settle(database: Path, now: float, send_queued: bool, keep_until: float) -> int:
    """Let nothing be sent that may have been sent since; returns how many requests that ended."""
    sql = SqliteDialect().statements("backup")
    failure = Failure(code=RESTORED.code, message=RESTORED.sentence, retryable=RESTORED.retryable)
    ended = 0
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        if connection.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise StorageError(BACKUP_UNUSABLE, "Its database is damaged.")
        connection.execute("BEGIN")
        # What is sent from now on must not share a secret with what was sent after the backup.
        connection.execute(sql["new_key"], {"secret_key": os.urandom(32)})
        if not send_queued:
            connection.execute(sql["hold_back_steps"])
            connection.execute(sql["keep_files"], {"until": keep_until})
            names = {"now": now, "failure": msgspec.json.encode(failure), "body": response_body(failure)}
            ended = connection.execute(sql["hold_back"], names).rowcount
        connection.execute("COMMIT")
    return ended
