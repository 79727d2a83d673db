import sqlite3

from waypost.errors import IDEMPOTENCY_MISMATCH, OutboxError
from waypost.outbox.store import NewRequest, Stored
from waypost.storage.sqlite.statements import statements


class NewRows:
    """The rows of an accepted request: itself, its upload, its key; used within a unit of work."""

    def __init__(self) -> None:
        self._requests = statements("requests")
        self._blobs = statements("blobs")
        self._keys = statements("idempotency")

    def put(self, connection: sqlite3.Connection, new: NewRequest, epoch: int) -> Stored:
        """Store a request, or find the one that its key belongs to. Raises OutboxError."""
        call = new.acceptance
        if call.idempotency is not None:
            names = {
                "instance_id": call.instance_id,
                "key": call.idempotency.key,
                "since": new.duplicates_since,
            }
            known = connection.execute(self._keys["find"], names).fetchone()
            if known is not None:
                if known[0] != call.idempotency.content_sha256:
                    raise OutboxError(IDEMPOTENCY_MISMATCH)
                return Stored(0, known[1])
        upload = call.upload
        row = (
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
            None if upload is None else upload.blob_id,
        )
        seq = connection.execute(self._requests["insert"], row).lastrowid or 0
        if upload is not None:
            connection.execute(self._blobs["put"], (upload.blob_id, new.uuid, upload.size, upload.inline))
        if call.idempotency is not None:
            key = call.idempotency
            connection.execute(
                self._keys["put"],
                (call.instance_id, key.key, key.content_sha256, new.uuid, new.created_at),
            )
        return Stored(seq)
