"""`waypost doctor`: look at everything that a gateway needs, and say how to mend what is not well."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from waypost.cli.doctor.check import Check, failed, ok, skipped, warning
from waypost.cli.options import AsJson, TokenText
from waypost.cli.screen import console, show_json
from waypost.clock import SystemClock
from waypost.config import ConfigError, Settings, load, strangers
from waypost.config_warnings import warnings

app = typer.Typer(add_completion=False)

_STYLES: Final = {"ok": "green", "skipped": "dim", "warning": "yellow", "failed": "bold red"}
_SETTINGS: Final = "settings"
_CLOCK: Final = "clock"


@app.command()
def run(
    data: Annotated[
        str | None, typer.Option("--data", help="The data folder, as of `waypost serve`.")
    ] = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """Check settings, port, disk, clock, database, engine and network; it changes nothing.

    Run it with the environment of the gateway, beside a running one or before it is started. Exit code 1 when
    something failed.
    """
    screen = console()
    found: list[Check] = []
    for check in checks(os.environ, {"data": data}, token):
        found.append(check)
        if not as_json:
            _show(screen, check)
    is_well = all(check.state != "failed" for check in found)
    if as_json:
        show_json({"ok": is_well, "checks": [check.as_json() for check in found]})
    if not is_well:
        raise typer.Exit(1)


def checks(environ: Mapping[str, str], flags: Mapping[str, str | None], token: str | None) -> Iterator[Check]:
    """All of them, in the order in which one leans on the other. Without settings there is nothing to look
    at."""
    try:
        settings = load(environ, flags)
    except ConfigError as wrong:
        for mistake in wrong.mistakes:
            yield failed(_SETTINGS, mistake, "See docs/configuration.md.")
        return
    risky = [*strangers(environ), *warnings(settings)]
    if not risky:
        yield ok(_SETTINGS, "They can be used.")
    for sentence in risky:
        yield warning(_SETTINGS, sentence, "See docs/configuration.md.")
    has_clock = False
    for look in _families(settings, environ, token or environ.get("WAYPOST_ADMIN_TOKEN")):
        for check in look():
            has_clock |= check.name.startswith(_CLOCK)
            yield check
    if not has_clock:
        says = "Nobody answered whose clock this machine's could be compared with."
        yield skipped(_CLOCK, says, "timedatectl says whether it is kept by NTP.")


def _families(
    settings: Settings, environ: Mapping[str, str], token: str | None
) -> Iterator[Callable[[], Sequence[Check]]]:
    # Each brings libraries of its own: what came before is told meanwhile.
    from waypost.cli.doctor.database import database
    from waypost.cli.doctor.disk import disk
    from waypost.cli.doctor.egress import egress
    from waypost.cli.doctor.engine import client_at, library
    from waypost.cli.doctor.listening import listening
    from waypost.cli.doctor.network import network

    yield lambda: listening(settings)
    yield lambda: disk(settings.data)
    yield lambda: database(settings, SystemClock())
    yield lambda: [library()]
    if not settings.database_url:  # else the database has told it
        yield lambda: [client_at(settings, token)]
    yield lambda: network(settings, environ)
    yield lambda: egress(settings)


def _show(screen: Console, check: Check) -> None:
    line = Text.assemble((f"{check.state:8}", _STYLES[check.state]), f" {check.name}: {check.found}")
    screen.print(line, soft_wrap=True)
    if check.mend:
        mend = Text(f"{'':9}{check.mend}", style="dim" if check.state == "skipped" else "")
        screen.print(mend, soft_wrap=True)
