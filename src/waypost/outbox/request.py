"""A request: an accepted API call and what has become of it."""

from enum import StrEnum
from typing import Literal

import msgspec

from waypost.origin import Origin, of_row


class RequestState(StrEnum):
    """Where a request stands. The last three are ends; `retry` leads from failed or cancelled back
    to queued.
    """

    QUEUED = "queued"
    PREPARING = "preparing"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        """Whether nothing more happens by itself."""
        return self in (RequestState.SENT, RequestState.FAILED, RequestState.CANCELLED)


StepState = Literal["pending", "sending", "sent", "unknown", "failed"]

MessageStatus = Literal["PENDING", "SENT", "DELIVERED", "READ", "PLAYED", "ERROR"]


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A file that came with the call. `inline` rides in the accepting transaction; larger ones are fsynced
    before."""

    blob_id: str
    size: int
    sha256: str
    inline: bytes | None = None


class Idempotency(msgspec.Struct, frozen=True, kw_only=True):
    """A caller's key, and a SHA-256 over endpoint, normalised fields and the file's hash."""

    key: str
    content_sha256: str


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is stored before a call is answered.

    `request` is JSON as submitted (a file as {filename, size, sha256}); `payload` is the operation's own
    versioned JSON. `request_id` and `traceparent` are the call's origin.
    """

    instance_id: str
    operation: str
    chat_key: str
    request: bytes
    payload: bytes
    payload_version: int
    upload: Upload | None = None
    idempotency: Idempotency | None = None
    request_id: str | None = None
    traceparent: str | None = None


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of accept; `duplicate` when an idempotency key led to an earlier request."""

    uuid: str
    duplicate: bool = False


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a request. `secret` = HMAC(key, uuid, step, attempt), 32 bytes; `recipients` how many
    others are in its group, where known.

    `message` is what was sent (see `Performed`), until that is stored; the row has no column for it. A step
    that the server has refused has a `message_id` too.
    """

    number: int
    name: str
    state: StepState
    attempt: int = 0
    secret: bytes = b""
    device_jid: str | None = None
    generation: str | None = None
    message_id: str | None = None
    chat: str | None = None
    timestamp: int | None = None
    data: bytes | None = None
    error_code: str | None = None
    message_status: MessageStatus | None = None
    recipients: int | None = None
    message: bytes | None = None


class Receipt(msgspec.Struct, frozen=True):
    """How far one member of a group is with a message, and since when (seconds since the epoch)."""

    participant: str
    status: MessageStatus
    at: float


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request ended or waits to be tried again: a row of the table of errors, and this
    case's sentence.
    """

    code: str
    message: str
    retryable: bool
    facts: dict[str, object] = {}


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the outbox. Times are seconds since the epoch; `seq` is the order within its chat.

    `epoch` is the tenure under which a process has adopted it, 0 when none has.
    """

    uuid: str
    seq: int
    instance_id: str
    operation: str
    chat_key: str
    state: RequestState
    request: bytes
    payload: bytes
    payload_version: int
    created_at: float
    expires_at: float
    blob_id: str | None = None
    prepared: bytes | None = None
    staged: bytes | None = None
    attempts: int = 0
    next_attempt_at: float | None = None
    waiting_for: str | None = None
    failure: Failure | None = None
    response_status: int | None = None
    response_body: bytes | None = None
    message_status: MessageStatus | None = None
    finished_at: float | None = None
    epoch: int = 0
    request_id: str | None = None
    traceparent: str | None = None

    @property
    def origin(self) -> Origin | None:
        """The call that it was accepted with."""
        return of_row(self.request_id, self.traceparent)
