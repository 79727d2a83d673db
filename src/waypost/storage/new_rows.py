from collections.abc import Sequence
from typing import Any

from waypost.errors import IDEMPOTENCY_MISMATCH, OutboxError
from waypost.outbox.request import Idempotency, Upload
from waypost.outbox.store import NewRequest, Stored
from waypost.storage.database import Connection, Dialect


class NewRows:
    """The rows of accepted requests: themselves, their uploads, their keys; used within a unit of work."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._requests = dialect.statements("requests")
        self._blobs = dialect.statements("blobs")
        self._keys = dialect.statements("idempotency")

    def put_all(self, connection: Connection, news: Sequence[NewRequest]) -> list[Stored]:
        """Store requests in this order. Raises OutboxError(IDEMPOTENCY_MISMATCH)."""
        if any(new.acceptance.idempotency is not None for new in news):
            return [self._put(connection, new) for new in news]
        return self._insert(connection, news)

    def _put(self, connection: Connection, new: NewRequest) -> Stored:
        """Store a request, or find the one that its key belongs to. Raises OutboxError."""
        key = new.acceptance.idempotency
        known = None if key is None else self._claim(connection, new, key)
        if known is None:
            return self._insert(connection, [new])[0]
        if key is not None and known[0] != key.content_sha256:
            raise OutboxError(IDEMPOTENCY_MISMATCH)
        return Stored(0, known[1])

    def _claim(self, connection: Connection, new: NewRequest, key: Idempotency) -> tuple[str, str] | None:
        """Make the key this request's; or the content and the request that it belongs to."""
        names = {
            "instance_id": new.acceptance.instance_id,
            "key": key.key,
            "content_sha256": key.content_sha256,
            "uuid": new.uuid,
            "created_at": new.created_at,
            "since": new.duplicates_since,
        }
        known: tuple[str, str] | None = None
        # It may be swept between the two statements; then it is free.
        while known is None:
            if connection.execute(self._keys["claim"], names).rowcount == 1:
                return None
            known = connection.execute(self._keys["find"], names).fetchone()
        return known

    def _insert(self, connection: Connection, news: Sequence[NewRequest]) -> list[Stored]:
        insert = self._dialect.insert
        numbers = insert(
            connection, self._requests["insert"], [_row(new, self._dialect.shared) for new in news]
        )
        uploads = [(new.uuid, new.acceptance.upload) for new in news if new.acceptance.upload is not None]
        insert(connection, self._blobs["put"], [_blob(uuid, upload) for uuid, upload in uploads])
        return [Stored(seq) for seq in numbers]


def _row(new: NewRequest, shared: bool) -> tuple[Any, ...]:
    call = new.acceptance
    # Where nodes share the database even the holder adopts what it accepts: a row of which nobody can tell
    # whether it was committed is found by that, in its place, if it was.
    epoch = 0 if shared else new.epoch
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
        call.request_id,
        call.traceparent,
    )


def _blob(uuid: str, upload: Upload) -> tuple[Any, ...]:
    return (upload.blob_id, uuid, upload.size, upload.inline)
