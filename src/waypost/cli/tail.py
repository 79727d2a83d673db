"""`waypost tail`: what happens on an instance, as it happens."""

import time
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from waypost.cli.completion import event_names
from waypost.cli.connection import chosen, gateway
from waypost.cli.options import AsJson, OfInstance, TokenText, Url
from waypost.cli.screen import show_line
from waypost.cli.tail_lines import happened, line

app = typer.Typer(add_completion=False)


@app.command()
def tail(
    events: Annotated[
        list[str] | None,
        typer.Argument(metavar="EVENT", help="Only these, such as message.any.", autocompletion=event_names),
    ] = None,
    instance: OfInstance = None,
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
    """Show live events until Ctrl-C, a line for each.

    A stream that breaks goes on where it was. With --json a line is {"place", "event", "payload"}; the
    payload is that of a webhook.
    """
    with gateway(url, token) as waypost:
        of = chosen(waypost, instance)
        of.health()  # a stream waits for ever for a gateway that is not there
        for number, event in enumerate(of.events(*(events or []), after=after), 1):
            if as_json:
                told: dict[str, Any] = {"place": event.place, "event": event.name, "payload": event.payload}
                show_line(told)
            else:
                at = datetime.fromtimestamp(happened(event.payload) or time.time(), UTC).astimezone()
                typer.echo(f"{at:%H:%M:%S}  {line(event.name, event.payload)}")
            if number == count:
                return
