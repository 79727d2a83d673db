"""Which end an error means. Apart from `exits`, because the client takes a tenth of a second that `--help`
need not wait for."""

from typing import Final

from waypost.cli.exits import (
    BUSY,
    FAILED,
    NOT_FOUND,
    NOT_IN_TIME,
    NOT_SENT,
    REFUSED,
    UNREACHABLE,
    USAGE,
)
from waypost.client import (
    CallRefused,
    ClientError,
    Forbidden,
    Invalid,
    NoAnswer,
    NotFinished,
    NotFound,
    RequestFailed,
    TooManyCalls,
    Unauthenticated,
    Unavailable,
)
from waypost.errors import SANDBOX_UNREACHABLE, WaypostError

OF_CLIENT: Final[tuple[tuple[type[ClientError], int], ...]] = (
    (NoAnswer, UNREACHABLE),
    (Unauthenticated, REFUSED),
    (Forbidden, REFUSED),
    (NotFound, NOT_FOUND),
    (Invalid, USAGE),
    (TooManyCalls, BUSY),
    (Unavailable, BUSY),
    (NotFinished, NOT_IN_TIME),
    (RequestFailed, NOT_SENT),
)
_OF_STATUS: Final = {
    400: USAGE,
    401: REFUSED,
    403: REFUSED,
    404: NOT_FOUND,
    413: USAGE,
    422: USAGE,
    503: BUSY,
}


def code_of(error: ClientError | WaypostError) -> int:
    """The exit code that an error means."""
    if isinstance(error, WaypostError):
        if error.fault.code == SANDBOX_UNREACHABLE.code:
            return UNREACHABLE
        return _OF_STATUS.get(error.fault.status, FAILED)
    if isinstance(error, CallRefused) and error.status in (400, 413):
        return USAGE
    # 501, and an error inside of the gateway: later is no better.
    if isinstance(error, CallRefused) and 500 <= error.status < 503:
        return FAILED
    return next((code for kind, code in OF_CLIENT if isinstance(error, kind)), FAILED)
