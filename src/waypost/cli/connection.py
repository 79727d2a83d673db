"""The running gateway as the commands reach it, and what they have in common."""

import contextlib
import json
import os
from collections.abc import Iterator
from typing import Annotated, Any, NoReturn

import httpx
import msgspec
import typer

from waypost.client import ClientError, NoAnswer, Unauthenticated, Waypost
from waypost.client.shapes import InstanceView
from waypost.config import ConfigError, load

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Url = Annotated[
    str | None,
    typer.Option("--url", envvar="WAYPOST_URL", help="The gateway; from WAYPOST_HOST and WAYPOST_PORT."),
]
TokenText = Annotated[
    str | None, typer.Option("--token", envvar="WAYPOST_TOKEN", help="A token, <number>|<secret>.")
]


@contextlib.contextmanager
def gateway(url: str | None, token: str | None) -> Iterator[Waypost]:
    """A gateway to call; what fails ends the command with one sentence and exit code 1."""
    token = token or os.environ.get("WAYPOST_ADMIN_TOKEN")
    if not token:
        fail("No token: set WAYPOST_TOKEN to the one that `waypost serve` printed (or pass --token).")
    found = _with_scheme(url or _own_url()).rstrip("/")
    # Proxies of the environment are for the internet; the gateway is most often on this machine.
    with httpx.Client(trust_env=False) as http:
        try:
            yield Waypost(found, token, http, tries=1)
        except NoAnswer as error:
            cause = type(error.__cause__).__name__
            fail(f"No gateway answers at {found}; start it with `waypost serve` ({cause}).")
        except Unauthenticated as error:
            fail(f"{error} The gateway at {found} does not know this token.")
        except ClientError as error:
            fail(str(error))


def named(waypost: Waypost, name_or_id: str) -> InstanceView:
    """The instance with that name or id."""
    for one in waypost.instances():
        if name_or_id in (one.id, one.name):
            return one
    fail(f"There is no instance {name_or_id}; `waypost instance list` shows those there are.")


def fail(sentence: str) -> NoReturn:
    """End the command."""
    typer.echo(sentence, err=True)
    raise typer.Exit(1)


def show_json(value: Any) -> None:
    """Print a value for programs."""
    typer.echo(json.dumps(msgspec.to_builtins(value), indent=2))


def _own_url() -> str:
    environ = os.environ
    try:
        settings = load({name: environ[name] for name in ("WAYPOST_HOST", "WAYPOST_PORT") if name in environ})
    except ConfigError as wrong:
        fail(wrong.mistakes[0])
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104
    return f"http://{host}:{settings.port}"


def _with_scheme(url: str) -> str:
    return url if "://" in url else f"http://{url}"
