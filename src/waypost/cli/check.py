"""`waypost check`: whether a number is on WhatsApp."""

from typing import Annotated

import typer

from waypost.cli.connection import chosen, gateway
from waypost.cli.exits import NOT_FOUND, fail
from waypost.cli.options import AsJson, OfInstance, TokenText, Url
from waypost.cli.screen import show_json

app = typer.Typer(add_completion=False)


@app.command()
def check(
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="In full, with the country's code.")],
    instance: OfInstance = None,
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """Say whether a number is on WhatsApp, and which address it is written to.

    The exit code is 5 when it is not.
    """
    with gateway(url, token) as waypost:
        found = chosen(waypost, instance).check_exists(number).data
    if as_json:
        show_json(found)
    if not found.exists:
        fail(f"{number} is not on WhatsApp.", NOT_FOUND)
    if not as_json:
        typer.echo(f"{number} is on WhatsApp: {found.id}")
