"""`waypost restore FILE`: make a data folder of a backup."""

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from waypost.cli.exits import fail, misset
from waypost.cli.options import AsJson
from waypost.cli.progress import steps
from waypost.cli.screen import show_json
from waypost.config import ConfigError, load
from waypost.errors import WaypostError

app = typer.Typer(add_completion=False)


@app.command()
def run(
    file: Annotated[Path, typer.Argument(help="A file that `waypost backup` has written.")],
    data: Annotated[
        str | None, typer.Option("--data", help="The data folder to make: an empty or a new one.")
    ] = None,
    sessions: Annotated[
        bool,
        typer.Option(
            "--sessions",
            help="Bring the accounts' sessions along. Only when no gateway has run on them since the backup.",
        ),
    ] = False,
    send_queued: Annotated[
        bool,
        typer.Option(
            "--send-queued",
            help="Send what was queued in the backup. Only when no gateway has run on it since.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a data folder of a backup; no gateway may run on it.

    Unless told otherwise, nothing that may have been sent since is sent again: what had not ended ends as
    `restored` (retry it with ?force=true), and accounts are paired anew.
    """
    try:
        settings = load(os.environ, {"data": data})
        from waypost.storage.restore import restore

        with steps() as under_way:
            under_way.says("restoring")
            done = restore(
                file,
                settings.data,
                time.time(),
                sessions=sessions,
                send_queued=send_queued,
                keep_files=settings.keep_failed_files_seconds,
            )
    except ConfigError as wrong:
        misset(wrong.mistakes)
    except WaypostError as failed:
        fail(failed.message, code=failed.fault.code)
    if as_json:
        show_json(done)
        return
    typer.echo(f"{settings.data.absolute()} is as it was at {time.ctime(done.taken_at)}.")
    if done.held_back:
        typer.echo(f"{done.held_back} requests had not ended: they ended as `restored` and are not sent.")
    if done.sessions:
        typer.echo(f"{done.sessions} sessions came along.")
    else:
        typer.echo("Sessions were left out: pair each account anew.")
