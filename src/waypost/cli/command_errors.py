"""What goes wrong in a command that nobody in it has foreseen: still one sentence and an exit code."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, Final

import typer

from waypost.cli.exits import FAILED, NOT_READ, USAGE, fail

# Shows where a failure comes from, for a report of it.
_TRACE: Final = "WAYPOST_TRACEBACK"


@contextlib.contextmanager
def told() -> Iterator[None]:
    """End the command that runs within as `exits` says."""
    try:
        yield
    except (typer.Exit, typer.Abort):
        raise
    except BrokenPipeError:
        _deafen()
        raise typer.Exit(NOT_READ) from None
    except typer.TyperException as error:
        context: Any = getattr(error, "ctx", None)
        # It is no error: a command that was given nothing shows its help.
        if type(error).__name__ == "NoArgsIsHelpError":
            raise
        more = f" See `{context.command_path} --help`." if context is not None else ""
        fail(f"{error.format_message()}{more}", USAGE)
    except Exception as error:
        if os.environ.get(_TRACE):
            raise
        if isinstance(error, OSError) and error.strerror:
            about = f"{error.filename}: " if error.filename else ""
            fail(f"{about}{error.strerror}.", FAILED)
        fail(f"This should not happen: {type(error).__name__}. {_TRACE}=1 shows where.", FAILED)


def _deafen() -> None:
    """Have Python flush what is left of the output to nowhere, without a word."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
