from typing import Any, Final

import msgspec

from waypost.clock import iso
from waypost.errors import (
    BANNED,
    BREAKER,
    CLIENT_OUTDATED,
    DAILY_CAP,
    ENGINE_DIED,
    FIRST_CONTACT,
    MINUTE_CAP,
    NOT_CONNECTED,
    PACING,
    RATE_LIMITED,
    RESTRICTED,
    STORAGE_UNAVAILABLE,
    STORE_NOT_WRITABLE,
    WARM_UP,
    OutboxError,
    WaypostError,
)
from waypost.outbox.pacing import Held
from waypost.outbox.request import Failure

# Why an instance's own pacing holds a request back.
_OF_PACING: Final = {
    fault.code: fault for fault in (PACING, MINUTE_CAP, DAILY_CAP, FIRST_CONTACT, WARM_UP, BREAKER)
}

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
    *_OF_PACING,
}

# When a request expires while one of these holds it back, it ends with that as its reason.
OF_THE_ACCOUNT: Final = frozenset({BANNED.code, RESTRICTED.code})

# What `response_status` may say of a failure; everything else is a 500. 403 is for what only calls on groups
# can meet, which the V2 API does not have.
_SHOWN: Final = frozenset({403, 404, 422, 423})


RESTRICTION: Final = "restriction"


def failure_of(error: WaypostError) -> Failure:
    """What is stored of an error; a time `until` among its facts is told as clients read times."""
    facts, message = dict(error.facts), error.message
    if isinstance(until := facts.get("until"), int | float):
        facts["until"] = iso(until)
        message = f"{message} Next try: {facts['until']}."
    return Failure(code=error.code, message=message, retryable=error.fault.retryable, facts=facts)


def failure_of_hold(held: Held, detail: str | None = None) -> Failure:
    """What is stored of a request that may not go yet."""
    return failure_of(OutboxError(_OF_PACING.get(held.code, RESTRICTED), detail, until=held.until))


def is_paced(failure: Failure | None) -> bool:
    """Whether a request waits because of its instance's pacing."""
    return failure is not None and failure.code in _OF_PACING


def is_held(failure: Failure | None) -> bool:
    """Whether a request waits because of pacing or of a restriction of its account."""
    return is_paced(failure) or is_restricted(failure)


def is_restricted(failure: Failure | None) -> bool:
    """Whether a request waits because its account may not open chats."""
    return failure is not None and failure.code == RESTRICTED.code


def waits_for(failure: Failure | None) -> str:
    """The code for `waiting_for` of a request that is to be tried again later."""
    if failure is not None and is_paced(failure):
        return failure.code
    return RESTRICTION if failure is not None and failure.code in OF_THE_ACCOUNT else "retry"


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
