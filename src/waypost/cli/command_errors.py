"""What goes wrong in a command, foreseen or not: one sentence and an exit code."""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from typing import Any, Final

import typer

from waypost.cli.exits import FAILED, NOT_READ, USAGE, Failed

# Shows where a failure comes from, for a report of it.
_TRACE: Final = "WAYPOST_TRACEBACK"


@contextlib.contextmanager
def told(*, as_json: bool) -> Iterator[None]:
    """End the command that runs within as `exits` says; `as_json`: with a document in the place of the
    sentence, {"error": {"code", "message", "exit_code"}}."""
    try:
        yield
    except (typer.Exit, typer.Abort):
        raise
    except BrokenPipeError:
        _deafen()
        raise typer.Exit(NOT_READ) from None
    except Exception as error:
        # It is no error: a command that was given nothing shows its help.
        if type(error).__name__ == "NoArgsIsHelpError" or (_is_unforeseen(error) and os.environ.get(_TRACE)):
            raise
        failed = _failed(error)
        _tell(failed, as_json=as_json)
        raise typer.Exit(failed.exit_code) from None


def _is_unforeseen(error: Exception) -> bool:
    return not isinstance(error, typer.TyperException)


def _failed(error: Exception) -> Failed:
    if isinstance(error, Failed):
        return error
    if isinstance(error, typer.TyperException):
        context: Any = getattr(error, "ctx", None)
        more = f" See `{context.command_path} --help`." if context is not None else ""
        return Failed(f"{error.format_message().strip().rstrip('.')}.{more}", USAGE)
    if isinstance(error, UnicodeEncodeError):
        return Failed("What was given is no text in UTF-8.", USAGE)
    if isinstance(error, OSError) and error.strerror:
        about = f"{error.filename}: " if error.filename else ""
        return Failed(f"{about}{error.strerror}.", FAILED)
    return Failed(f"This should not happen: {type(error).__name__}. {_TRACE}=1 shows where.", FAILED)


def _tell(failed: Failed, *, as_json: bool) -> None:
    if as_json:
        error = {"code": failed.code, "message": failed.message, "exit_code": failed.exit_code}
        typer.echo(json.dumps({"error": error}), err=True)
    else:
        typer.echo(failed.message, err=True)


def _deafen() -> None:
    """Have Python flush what is left of the output to nowhere, without a word."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
