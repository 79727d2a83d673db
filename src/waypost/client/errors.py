"""How a call of the client can fail.

ClientError
├── NoAnswer             nothing came back: no connection, or it broke
├── CallRefused          the gateway said no: status, code, message, retryable
│   ├── Unauthenticated    401
│   ├── Forbidden          403
│   ├── NotFound           404
│   ├── Invalid            422, with what is wrong at each field
│   ├── TooManyCalls       429
│   └── Unavailable        503 and other 5xx
└── RequestFailed        the call was accepted, and what it asked for failed or was cancelled
    NotFinished          it is not finished yet; a TimeoutError
"""

from collections.abc import Mapping, Sequence
from typing import Any


class ClientError(Exception):
    """Root of everything that the client raises."""


class NoAnswer(ClientError):
    """No answer came: the gateway is away, or the connection broke. A call with an idempotency key may simply
    be made again with that key."""


class CallRefused(ClientError):
    """The gateway refused the call. `code` is stable (docs/errors.md), empty where there is none; `errors`
    maps fields to sentences; `retry_after` is in seconds."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str = "",
        errors: Mapping[str, Sequence[str]] | None = None,
        retryable: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.errors = errors or {}
        self.retryable = retryable
        self.retry_after = retry_after


class Unauthenticated(CallRefused):
    """The gateway does not know the token."""


class Forbidden(CallRefused):
    """The token may not do that."""


class NotFound(CallRefused):
    """There is no such instance, message, request or path."""


class Invalid(CallRefused):
    """The fields of the call are wrong; `errors` says which and why."""


class TooManyCalls(CallRefused):
    """Too many calls, or too long a queue."""


class Unavailable(CallRefused):
    """The gateway can't serve the call now."""


class RequestFailed(ClientError):
    """An accepted request ended without being sent. `request` is all that is known of it."""

    def __init__(
        self, uuid: str, code: str, message: str, retryable: bool, request: Mapping[str, Any]
    ) -> None:
        super().__init__(message)
        self.uuid = uuid
        self.code = code
        self.message = message
        self.retryable = retryable
        self.request = request


class NotFinished(ClientError, TimeoutError):
    """The request has not left the queue in the time given; it goes on, and `wait` may be called again."""


_KINDS = {401: Unauthenticated, 403: Forbidden, 404: NotFound, 422: Invalid, 429: TooManyCalls}


def refused(status: int, body: Any, retry_after: float | None) -> CallRefused:
    """The error that an answer means; `body` is its JSON."""
    found = body if isinstance(body, dict) else {}
    error = found.get("error")
    error = error if isinstance(error, dict) else {}
    errors = found.get("errors")
    errors = errors if isinstance(errors, dict) else {}
    sentences = [text for texts in errors.values() if isinstance(texts, list) for text in texts]
    message = " ".join(map(str, sentences)) or str(found.get("message") or f"The call was answered {status}.")
    kind = _KINDS.get(status, Unavailable if status >= 500 else CallRefused)
    return kind(
        status=status,
        message=message,
        code=str(error.get("code", "")),
        errors=errors,
        retryable=bool(error.get("retryable", status in (429, 503))),
        retry_after=retry_after,
    )
