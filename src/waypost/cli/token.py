"""`waypost token`: who may call the gateway."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, cast

import typer

from waypost.access.token import Scope, digest, new_secret
from waypost.cli.completion import instance_names
from waypost.cli.connection import gateway, named
from waypost.cli.exit_of import code_of
from waypost.cli.exits import NOT_FOUND, fail, misset
from waypost.cli.options import AsJson, TokenText, Url
from waypost.cli.screen import moment, show_json, show_rows
from waypost.client import NotFound
from waypost.config import ConfigError, load
from waypost.errors import StorageError
from waypost.storage.admin import reset_admins_of_file, reset_admins_of_server

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Make, list and revoke tokens.")

Instance = Annotated[
    str | None,
    typer.Option(
        "--instance",
        "-i",
        metavar="INSTANCE",
        help="Name or id; without it, an admin token.",
        autocompletion=instance_names,
    ),
]
Scopes = Annotated[
    list[str] | None,
    typer.Option("--scope", metavar="SCOPE", help="send, read or manage; all three unless given."),
]


@app.command()
def create(
    instance: Instance = None,
    scope: Scopes = None,
    name: Annotated[str, typer.Option(metavar="TEXT", help="What it is for.")] = "",
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """Make a token and print it, this once."""
    with gateway(url, token) as waypost:
        of = None if instance is None else named(waypost, instance).id
        # The gateway knows which there are, and says so.
        scopes = cast("list[Scope] | None", scope or None)
        made = waypost.create_token(instance=of, scopes=scopes, name=name)
    if as_json:
        show_json(made)
    else:
        typer.echo(made.token)


@app.command("import")
def bring(
    text: Annotated[
        str, typer.Argument(metavar="TOKEN", help="<number>|<secret>, as it is in use elsewhere.")
    ],
    instance: Annotated[
        str,
        typer.Option(
            "--instance", "-i", metavar="INSTANCE", help="Name or id.", autocompletion=instance_names
        ),
    ],
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """Go on using a token that was made elsewhere."""
    with gateway(url, token) as waypost:
        made = waypost.create_token(token=text, instance=named(waypost, instance).id)
    if as_json:
        show_json(made)
    else:
        typer.echo(f"Token {made.number} may be used for {instance}.")


@app.command("list")
def list_tokens(url: Url = None, token: TokenText = None, as_json: AsJson = False) -> None:
    """List tokens, without their secrets."""
    with gateway(url, token) as waypost:
        found = waypost.list_tokens()
    if as_json:
        show_json(found)
        return
    rows = [(one.number, one.name, one.instance, one.scopes, moment(one.created_at)) for one in found]
    show_rows(("number", "name", "=instance", "scopes", "created"), rows, "There are no tokens.")


@app.command()
def revoke(
    number: Annotated[int, typer.Argument(min=1, help="The part of the token before the |.")],
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """Make a token invalid."""
    with gateway(url, token) as waypost:
        try:
            answer = waypost.delete_token(str(number))
        except NotFound:
            fail(f"There is no token {number}; `waypost token list` shows those there are.", NOT_FOUND)
    if as_json:
        show_json(answer)
    else:
        typer.echo(answer.message)


@app.command("reset-admin")
def reset_admin(
    data: Annotated[Path | None, typer.Option(help="The data folder; WAYPOST_DATA unless given.")] = None,
    as_json: AsJson = False,
) -> None:
    """Replace all admin tokens by a new one, in the database itself; running gateways know within seconds."""
    try:
        settings = load(os.environ)
    except ConfigError as wrong:
        misset(wrong.mistakes)
    secret, now = new_secret(), datetime.now(UTC).timestamp()
    try:
        if settings.database_url and data is None:
            number = reset_admins_of_server(settings.database_url, digest(secret), now)
        else:
            number = reset_admins_of_file(_database_file(data or settings.data), digest(secret), now)
    except StorageError as error:
        fail(error.message, code_of(error))
    text = f"{number}|{secret}"
    if as_json:
        show_json({"number": number, "token": text})
    else:
        typer.echo(text)


def _database_file(folder: Path) -> Path:
    path = folder / "waypost.db"
    if not path.is_file():
        fail(f"There is no gateway's data in {folder.absolute()}; name the folder with --data.", NOT_FOUND)
    return path
