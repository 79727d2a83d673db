"""Answers: JSON always, whatever `Accept` says; errors in the shapes that clients of the API know."""

from collections.abc import Mapping
from typing import Any

import msgspec

from waypost.errors import (
    INVALID,
    NOT_ON_WHATSAPP,
    UNAUTHENTICATED,
    Fault,
    FetchError,
    InvalidRequest,
    MediaError,
    OtpError,
    VoiceError,
    WaypostError,
)

# The field that is to blame for a failure of a kind.
_FIELDS = ((FetchError, "url"), (VoiceError, "file"), (MediaError, "file"), (OtpError, "code"))
_RETRY_AFTER_SECONDS = {429: "60", 503: "2"}


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer: a status, a JSON body and further headers. `raw` replaces the body for the few pages there
    are, `stream` (bytes as they come) for answers without an end.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = {}
    raw: bytes | None = None
    stream: Any = None
    media_type: str = "application/json"

    def content(self) -> bytes:
        """The bytes of the body."""
        return msgspec.json.encode(self.body) if self.raw is None else self.raw


def error_reply(error: WaypostError) -> Reply:
    """How a failed call is answered."""
    status = error.fault.status
    headers = {"Retry-After": _RETRY_AFTER_SECONDS[status]} if status in _RETRY_AFTER_SECONDS else {}
    if "retry_after" in error.facts:
        headers["Retry-After"] = str(error.facts["retry_after"])
    if isinstance(error, InvalidRequest):
        return Reply(status=status, body=invalid_body(error.errors, status), headers=headers)
    field = next((name for kind, name in _FIELDS if isinstance(error, kind)), None)
    body = error_body(error.fault, error.message, error.facts, field)
    return Reply(status=status, body=body, headers=headers)


def invalid_body(errors: Mapping[str, Any], status: int = 422) -> dict[str, Any]:
    """The shape of everything that is wrong with the data of a call."""
    return {"message": INVALID.sentence, "errors": dict(errors), "statusCode": status}


def error_body(
    fault: Fault, message: str, facts: Mapping[str, Any], field: str | None = None
) -> dict[str, Any]:
    """The JSON of a failure, of a call as well as of a queued request. `field`: the one that is to blame."""
    # These two are given to the letter; what else there is to say stands beside them, in the queued request.
    if fault is UNAUTHENTICATED:
        return {"message": fault.sentence}
    if fault is NOT_ON_WHATSAPP:
        return invalid_body({"messages": [fault.sentence], **facts}, fault.status)
    error = {"code": fault.code, "message": message, "retryable": fault.retryable, **facts}
    if fault.status == 422:
        shape = invalid_body({field or "messages": [message]})
    else:
        shape = {"message": message, **facts}
    return {**shape, "error": error}
