"""`waypost tail`: what happens on instances, as it happens."""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import httpx
import typer

from waypost.cli.completion import event_names
from waypost.cli.connection import address, gateway, named, token_of
from waypost.cli.exits import USAGE, fail
from waypost.cli.following import Following, Told
from waypost.cli.options import AsJson, OfInstances, TokenText, Url
from waypost.cli.screen import show_line, shown
from waypost.cli.tail_lines import happened, line
from waypost.client import AsyncWaypost
from waypost.client.shapes import InstanceView

app = typer.Typer(add_completion=False)

_NAMED: Final = 5


@app.command()
def tail(
    events: Annotated[
        list[str] | None,
        typer.Argument(metavar="EVENT", help="Only these, such as message.any.", autocompletion=event_names),
    ] = None,
    instance: OfInstances = None,
    after: Annotated[
        str | None,
        typer.Option(metavar="PLACE", help="Go on after this event; --json shows the place of each."),
    ] = None,
    count: Annotated[
        int, typer.Option("--count", "-n", min=0, metavar="N", help="End after so many; 0: never.")
    ] = 0,
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """Show live events until Ctrl-C, a line for each; of all instances that the token may see unless one is
    named.

    A stream that breaks goes on where it was, and the error stream says so. With --json a line is
    {"instance", "place", "event", "payload"}; the payload is that of a webhook.
    """
    if after is not None and not (after.isascii() and after.isdecimal()):
        fail("--after takes the place of an event, a number as --json shows it.", USAGE)
    with gateway(url, token) as waypost:
        # A stream waits for ever for a gateway that is not there.
        found = waypost.instances() if instance is None else [named(waypost, instance)]
        screen = _Screen(as_json=as_json, count=count, replays=after is not None)
        if not found:
            screen.notice("There is no instance yet; the first one is followed once it is there.")
        elif sys.stderr.isatty():
            names = ", ".join(shown(one.name) for one in found[:_NAMED])
            screen.notice(f"Following {names}{', …' if len(found) > _NAMED else ''}; Ctrl-C ends it.")
        one = None if instance is None else found[0]
        asyncio.run(_follow(address(url), token_of(token) or "", one, events or [], after, screen))


class _Screen:
    """Prints what comes."""

    def __init__(self, *, as_json: bool, count: int, replays: bool) -> None:
        self.several = False
        self._as_json = as_json
        self._left = count or None
        self._replays = replays

    def show(self, told: Told) -> bool:
        """Print an event; says whether more are wanted."""
        one, event = told.instance, told.event
        if self._as_json:
            said: dict[str, Any] = {"instance": {"id": one.id, "name": one.name}, "place": event.place}
            show_line({**said, "event": event.name, "payload": event.payload})
        else:
            of = f"{shown(one.name)}  " if self.several else ""
            typer.echo(f"{self._at(event.payload)}  {of}{line(event.name, event.payload)}")
        self._left = None if self._left is None else self._left - 1
        return self._left != 0

    def notice(self, sentence: str) -> None:
        """Say what becomes of the stream, apart from the events."""
        typer.echo(json.dumps({"notice": sentence}) if self._as_json else sentence, err=True)

    def _at(self, payload: dict[str, Any]) -> str:
        at = happened(payload)
        if at is None and self._replays:
            return "--:--:--"  # of some earlier time, which is not told
        now = datetime.now(UTC).astimezone()
        then = datetime.fromtimestamp(at or time.time(), UTC).astimezone()
        return f"{then:%H:%M:%S}" if then.date() == now.date() else f"{then:%Y-%m-%d %H:%M:%S}"


async def _follow(
    url: str, token: str, one: InstanceView | None, names: Sequence[str], after: str | None, screen: _Screen
) -> None:
    # One stream for each instance; proxies of the environment are for the internet.
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(trust_env=False, limits=limits) as http:

        def show(told: Told) -> bool:
            screen.several = following.several
            return screen.show(told)

        following = Following(AsyncWaypost(url, token, http), names, after, show, screen.notice)
        await (following.all() if one is None else following.one(one))
