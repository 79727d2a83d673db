"""How commands end: one exit code for each kind of end, so that a script can tell them apart.

A number never changes its meaning; docs/cli.md shows this table.
"""

from typing import Final, NoReturn

import typer

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

DONE: Final = 0
FAILED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
REFUSED: Final = 4
NOT_FOUND: Final = 5
NOT_IN_TIME: Final = 6
NOT_SENT: Final = 7
BUSY: Final = 8
INTERRUPTED: Final = 130
NOT_READ: Final = 141

# exit code: (what it means, what a script does then)
TABLE: Final = {
    DONE: ("Done.", ""),
    FAILED: ("Something else failed; the sentence says what.", "Read it."),
    USAGE: ("The command line, a setting or a value can't be used as it is.", "Change it."),
    UNREACHABLE: ("No gateway (or sandbox) answers there.", "Start it, or check `--url`; then again."),
    REFUSED: ("The token is not known, or may not do that.", "Use another token."),
    NOT_FOUND: ("There is no such instance, request, message, webhook or file.", "Check the name."),
    NOT_IN_TIME: ("It goes on, and was not finished within `--wait`.", "`waypost queue show UUID --wait`."),
    NOT_SENT: ("The request was accepted and ended without being sent.", "`waypost queue retry UUID`."),
    BUSY: ("The gateway can't take it now: too many calls, a full queue, or it is stopping.", "Try later."),
    INTERRUPTED: ("Ctrl-C.", ""),
    NOT_READ: ("Whoever read the output went away, as `head` does.", ""),
}

_OF_CLIENT: Final[tuple[tuple[type[ClientError], int], ...]] = (
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


def fail(sentence: str, code: int = FAILED) -> NoReturn:
    """End the command with one sentence on the error stream."""
    typer.echo(" ".join(sentence.split("\n")), err=True)
    raise typer.Exit(code)


def code_of(error: ClientError | WaypostError) -> int:
    """The exit code that an error means."""
    if isinstance(error, WaypostError):
        if error.fault.code == SANDBOX_UNREACHABLE.code:
            return UNREACHABLE
        return _OF_STATUS.get(error.fault.status, FAILED)
    # 501, and an error inside of the gateway: later is no better.
    if isinstance(error, CallRefused) and 500 <= error.status < 503:
        return FAILED
    return next((code for kind, code in _OF_CLIENT if isinstance(error, kind)), FAILED)
