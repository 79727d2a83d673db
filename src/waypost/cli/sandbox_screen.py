"""What the commands of `waypost sandbox` have in common."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated, Any, TypeVar

import msgspec
import typer
from rich.table import Table

from waypost.cli.exit_of import code_of
from waypost.cli.exits import fail
from waypost.cli.screen import console
from waypost.errors import WaypostError
from waypost.sandbox.client import SandboxClient

T = TypeVar("T")
Url = Annotated[str, typer.Option("--url", envvar="WAYPOST_SANDBOX_URL", help="The sandbox's control API.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Number = Annotated[str, typer.Argument(metavar="+NUMBER")]


class Removed(msgspec.Struct, frozen=True):
    """The number or the group that is not on the network any more."""

    removed: str


def ask(url: str, call: Callable[[SandboxClient], Awaitable[T]]) -> T:
    """What the sandbox answers; its refusal ends the command with one sentence."""

    async def run() -> T:
        async with SandboxClient(url) as sandbox:
            return await call(sandbox)

    with one_sentence():
        return asyncio.run(run())


@contextlib.contextmanager
def one_sentence() -> Iterator[None]:
    """Turn a failure into its sentence and the exit code of its kind."""
    try:
        yield
    except WaypostError as error:
        fail(error.message, code_of(error))


def show(views: list[Any], as_json: bool, table: Callable[[list[Any]], Table]) -> None:
    """Print views as JSON, or as a table."""
    if as_json:
        typer.echo(msgspec.json.encode(views).decode())
    else:
        console().print(table(views))


def say(view: msgspec.Struct, as_json: bool, sentence: str) -> None:
    """Print a view as JSON, or a sentence instead of it."""
    typer.echo(msgspec.json.encode(view).decode() if as_json else sentence)
