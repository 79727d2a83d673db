"""`waypost backup FILE`: copy the data folder, whether or not a gateway runs on it."""

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from waypost.cli.exits import USAGE, fail, misset
from waypost.cli.options import AsJson
from waypost.cli.progress import steps
from waypost.cli.screen import show_json
from waypost.config import ConfigError, load
from waypost.errors import WaypostError

app = typer.Typer(add_completion=False)

_POSTGRESQL = (
    "WAYPOST_DATABASE_URL names a PostgreSQL database: it holds everything that is kept, and its own tools "
    "back it up: pg_dump --format=custom --file=waypost.dump <url>\n"
    "Uploads in an object store (WAYPOST_BLOBS_URL) are backed up there. See docs/operations.md."
)


@app.command()
def run(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not be there yet.")],
    data: Annotated[
        str | None, typer.Option("--data", help="The data folder, as of `waypost serve`.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Copy the database, uploads and session stores to one file, readable by you alone.

    The gateway may go on. The file holds the accounts' keys: keep it as you keep them.
    """
    try:
        settings = load(os.environ, {"data": data})
        if settings.database_url:
            fail(_POSTGRESQL, USAGE)
        from waypost.storage.backup import write

        with steps() as under_way:
            under_way.says("copying")
            contents = write(settings.data, file, time.time())
    except ConfigError as wrong:
        misset(wrong.mistakes)
    except WaypostError as failed:
        fail(failed.message, code=failed.fault.code)
    if as_json:
        show_json(contents)
        return
    typer.echo(
        f"{file}: {contents.requests} requests, {contents.unfinished} of them unfinished, "
        f"{contents.files} files, {contents.sessions} sessions; {contents.bytes / 1e6:.1f} MB."
    )
    if settings.blobs_url:
        typer.echo(
            "Larger uploads are in the object store that WAYPOST_BLOBS_URL names, and not in this file."
        )
