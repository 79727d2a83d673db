from typing import Any, Final

import msgspec

from waypost.errors import (
    BANNED,
    CLIENT_OUTDATED,
    ENGINE_DIED,
    NOT_CONNECTED,
    RATE_LIMITED,
    RESTRICTED,
    STORAGE_UNAVAILABLE,
    STORE_NOT_WRITABLE,
    WaypostError,
)
from waypost.outbox.request import Failure

# What a new connection ends at once.
OF_THE_CONNECTION: Final = frozenset({NOT_CONNECTED.code, ENGINE_DIED.code})

# What passes without the request being at fault: tried until it expires, never counted as an attempt that
# failed.
PATIENT: Final = OF_THE_CONNECTION | {
    BANNED.code,
    CLIENT_OUTDATED.code,
    RATE_LIMITED.code,
    RESTRICTED.code,
    STORAGE_UNAVAILABLE.code,
    STORE_NOT_WRITABLE.code,
}

# When a request expires while one of these holds it back, it ends with that as its reason.
OF_THE_ACCOUNT: Final = frozenset({BANNED.code, RESTRICTED.code})

# What `response_status` may say of a failure; everything else is a 500.
_SHOWN: Final = frozenset({404, 422, 423})


def failure_of(error: WaypostError) -> Failure:
    """What is stored of an error."""
    return Failure(
        code=error.code, message=error.message, retryable=error.fault.retryable, facts=dict(error.facts)
    )


def response_status(status: int) -> int:
    """The `response_status` of a request that ended with a fault of this status."""
    return status if status in _SHOWN else 500


def response_body(failure: Failure) -> bytes:
    """The `response_body` of a request that ended with `failure`."""
    error: dict[str, Any] = {
        **failure.facts,
        "code": failure.code,
        "message": failure.message,
        "retryable": failure.retryable,
    }
    return msgspec.json.encode({"message": failure.message, "error": error})
