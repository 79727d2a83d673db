"""How commands end: one exit code for each kind of end, so that a script can tell them apart.

A number, and the word that `--json` has for it, never change their meaning; docs/cli.md shows this table.
"""

from collections.abc import Sequence
from typing import Final, NoReturn

import typer

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


WORDS: Final = {
    FAILED: "failed",
    USAGE: "usage",
    UNREACHABLE: "unreachable",
    REFUSED: "refused",
    NOT_FOUND: "not_found",
    NOT_IN_TIME: "not_in_time",
    NOT_SENT: "not_sent",
    BUSY: "busy",
}


class Failed(typer.TyperException):
    """A command that ends with a sentence. `code` is the stable code of what failed: the gateway's
    (docs/errors.md), else the word of the exit code."""

    def __init__(self, sentence: str, exit_code: int = FAILED, code: str = "") -> None:
        super().__init__(sentence)
        self.exit_code = exit_code
        self.code = code or WORDS[exit_code]


def fail(sentence: str, exit_code: int = FAILED, code: str = "") -> NoReturn:
    """End the command with one sentence on the error stream. Raises Failed."""
    raise Failed(" ".join(sentence.split("\n")), exit_code, code)


def misset(mistakes: Sequence[str]) -> NoReturn:
    """End the command with all that is wrong with the settings, a line for each. Raises Failed."""
    raise Failed("\n".join(mistakes), USAGE)
