"""Options and arguments that many commands have."""

from typing import Annotated

import typer

from waypost.cli.completion import instance_names

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Url = Annotated[
    str | None,
    typer.Option(
        "--url", envvar="WAYPOST_URL", metavar="URL", help="The gateway; from WAYPOST_HOST and WAYPOST_PORT."
    ),
]
TokenText = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar="WAYPOST_TOKEN",
        metavar="TOKEN",
        show_default=False,
        help="A token, <number>|<secret>; better in WAYPOST_TOKEN, where no process list shows it.",
    ),
]
OfInstance = Annotated[
    str | None,
    typer.Option(
        "--instance",
        "-i",
        envvar="WAYPOST_INSTANCE",
        metavar="INSTANCE",
        help="Name or id; not needed where there is one instance.",
        autocompletion=instance_names,
    ),
]
OfInstances = Annotated[
    str | None,
    typer.Option(
        "--instance",
        "-i",
        envvar="WAYPOST_INSTANCE",
        metavar="INSTANCE",
        help="Name or id; all unless given.",
        autocompletion=instance_names,
    ),
]
Name = Annotated[str, typer.Argument(metavar="INSTANCE", help="Name or id.", autocompletion=instance_names)]
Uuid = Annotated[str, typer.Argument(metavar="UUID", help="The queued request, as `waypost queue` shows it.")]
