import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Final

from waypost.errors import IDEMPOTENCY_MISMATCH, OutboxError
from waypost.outbox.request import Upload
from waypost.outbox.store import NewRequest, Stored
from waypost.storage.sqlite.statements import statements

# Rows per statement: a statement of each size up to this stays compiled.
_ROWS: Final = 32


class NewRows:
    """The rows of accepted requests: themselves, their uploads, their keys; used within a unit of work."""

    def __init__(self) -> None:
        self._requests = statements("requests")
        self._blobs = statements("blobs")
        self._keys = statements("idempotency")

    def put_all(self, connection: sqlite3.Connection, news: Sequence[NewRequest], epoch: int) -> list[Stored]:
        """Store requests in this order. Raises OutboxError as `put` does."""
        if any(new.acceptance.idempotency is not None for new in news):
            return [self._put(connection, new, epoch) for new in news]
        return self._insert(connection, news, epoch)

    def _put(self, connection: sqlite3.Connection, new: NewRequest, epoch: int) -> Stored:
        """Store a request, or find the one that its key belongs to. Raises OutboxError."""
        call = new.acceptance
        if call.idempotency is None:
            return self._insert(connection, [new], epoch)[0]
        names = {"instance_id": call.instance_id, "key": call.idempotency.key, "since": new.duplicates_since}
        known = connection.execute(self._keys["find"], names).fetchone()
        if known is not None:
            if known[0] != call.idempotency.content_sha256:
                raise OutboxError(IDEMPOTENCY_MISMATCH)
            return Stored(0, known[1])
        key = call.idempotency
        stored = self._insert(connection, [new], epoch)[0]
        connection.execute(
            self._keys["put"], (call.instance_id, key.key, key.content_sha256, new.uuid, new.created_at)
        )
        return stored

    def _insert(self, connection: sqlite3.Connection, news: Sequence[NewRequest], epoch: int) -> list[Stored]:
        rows = [_row(new, epoch) for new in news]
        # Each row's `seq` is one more than the largest there is, and nobody else writes meanwhile.
        first = _insert_rows(connection, self._requests["insert"], rows) - len(rows) + 1
        uploads = [(new.uuid, new.acceptance.upload) for new in news if new.acceptance.upload is not None]
        _insert_rows(connection, self._blobs["put"], [_blob(uuid, upload) for uuid, upload in uploads])
        return [Stored(first + place) for place in range(len(news))]


def _insert_rows(connection: sqlite3.Connection, sql: str, rows: Sequence[tuple[Any, ...]]) -> int:
    """Run an INSERT of one row, which ends with its VALUES, for many at once; the last row's rowid."""
    head, word, one = sql.rpartition("VALUES ")
    last = 0
    for start in range(0, len(rows), _ROWS):
        part = rows[start : start + _ROWS]
        values: Iterable[Any] = chain.from_iterable(part)
        last = connection.execute(f"{head}{word}{', '.join([one] * len(part))}", tuple(values)).lastrowid or 0
    return last


def _row(new: NewRequest, epoch: int) -> tuple[Any, ...]:
    call = new.acceptance
    return (
        new.uuid,
        call.instance_id,
        call.operation,
        call.chat_key,
        epoch,
        call.request,
        call.payload,
        call.payload_version,
        new.created_at,
        new.expires_at,
        None if call.upload is None else call.upload.blob_id,
    )


def _blob(uuid: str, upload: Upload) -> tuple[Any, ...]:
    return (upload.blob_id, uuid, upload.size, upload.inline)
