"""`waypost serve`: run the gateway until it is told to stop."""

import asyncio
import gc
import inspect
import os
import signal
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from waypost.cli.exits import fail, misset
from waypost.cli.own_name import command
from waypost.config import PREFIX, ConfigError, Settings, descriptions, load, strangers
from waypost.config_warnings import warnings
from waypost.errors import WaypostError

if TYPE_CHECKING:
    from waypost.gateway import Gateway

app = typer.Typer(add_completion=False)

# Young objects before a collection: a burst of calls makes tens of thousands that are gone a moment later,
# and the default of 700 spends a third of the time and most of the slowest calls on looking at them.
_GC_THRESHOLDS = (50_000, 50, 50)


def run(**flags: str | None) -> None:
    """Run the gateway until Ctrl-C or SIGTERM.

    Every setting is a variable WAYPOST_<NAME> or the flag of that name.
    """
    console = Console(stderr=False, highlight=False, soft_wrap=True)
    try:
        settings = load(os.environ, flags)
        for warning in [*strangers(os.environ), *warnings(settings)]:
            typer.echo(f"Warning: {warning}", err=True)
        # Half a second of imports that --help and a wrong setting need not wait for.
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, console))
    except ConfigError as wrong:
        misset(wrong.mistakes)
    except WaypostError as failed:
        fail(failed.message, code=failed.fault.code)


async def _serve(settings: Settings, console: Console) -> None:
    from waypost.gateway import start_gateway

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with start_gateway(settings) as gateway:
        settle_memory()
        _greet(console, settings, gateway)
        await stop.wait()
        console.print("Stopping: calls and sends in progress are finished first.")


def settle_memory() -> None:
    """Once all is loaded: what is there stays, and young objects are collected less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)


def _greet(console: Console, settings: Settings, gateway: "Gateway") -> None:
    url = settings.public_url or gateway.url
    console.print(f"Waypost runs at {url}, its documentation at {url}/docs")
    console.print(f"Data is kept in {settings.data.absolute()}")
    if gateway.new_admin_token is not None:
        console.print(f"\nThe admin token, shown this once:\n\n    {gateway.new_admin_token}\n")
        console.print(f'Keep it: export {PREFIX}TOKEN="{gateway.new_admin_token}"')
    if not gateway.instances.list():
        console.print(f"Connect an account: {command()} instance create --name shop --phone +<your number>")
    if settings.network == "sandbox":
        console.print(f"New instances use the sandbox at {settings.sandbox_url} ({command()} sandbox serve).")
    sys.stdout.flush()


def _with_flags() -> Any:
    """`run` with one option per setting, so that --help shows them all."""
    about = descriptions()
    parameters = []
    for name in Settings.__struct_fields__:
        default = getattr(Settings(), name)
        shown = "" if name == "admin_token" or default in ("", []) else f" [default: {default}]"
        option = typer.Option(f"--{name.replace('_', '-')}", help=about[name] + shown, show_default=False)
        kind = Annotated[str | None, option]
        parameters.append(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        )
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


app.command()(_with_flags())
