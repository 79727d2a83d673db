"""`waypost mcp`: a gateway as tools of a model."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import httpx
import typer

from waypost.cli.connection import address, token_of
from waypost.cli.exits import FAILED, INTERRUPTED, REFUSED, USAGE, fail, misset
from waypost.cli.options import TokenText, Url
from waypost.config import ConfigError
from waypost.config_text import is_loopback

app = typer.Typer(add_completion=False)

_INSTALL: Final = "The MCP server needs its library: pip install 'waypost[mcp]'."
_PORT: Final = 8783
# A client may hold a stream open for as long as it lives.
_GRACE_SECONDS: Final = 3

Folders = Annotated[
    list[Path] | None,
    typer.Option(
        "--allow-folder",
        metavar="FOLDER",
        exists=True,
        file_okay=False,
        help="Recordings in it may be sent by their path; may be repeated. Without it no file is read.",
    ),
]


@app.command()
def mcp(
    over_http: Annotated[
        bool, typer.Option("--http", help="Serve over HTTP at /mcp, in the place of standard input.")
    ] = False,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where HTTP listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="PORT", help="0: any.")] = _PORT,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="A name that HTTP is reached by, beside localhost; may be repeated."
        ),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ORIGIN", help="A web page that may call, as https://example.com; may be repeated."
        ),
    ] = None,
    allow_folder: Folders = None,
    url: Url = None,
    token: TokenText = None,
) -> None:
    """Serve the gateway's tools to an MCP client: send, look up, read chats.

    Over standard input everything is done with WAYPOST_TOKEN; over HTTP every caller brings a token of their
    own. Give a token with the scopes that the model is to have: docs/mcp.md.
    """
    try:
        gateway = address(url)
    except ConfigError as wrong:
        misset(wrong.mistakes)
    try:
        import waypost.mcp.server  # noqa: F401 - is its library there?
    except ModuleNotFoundError:
        fail(_INSTALL, FAILED)
    if over_http:
        if allow_folder:
            fail("--allow-folder is for standard input: over HTTP no file of this machine is read.", USAGE)
        _end_at_once()
        asyncio.run(_serve(gateway, host, port, allow_host or [], allow_origin or []))
        return
    found = token_of(token)
    if not found:
        fail("No token: set WAYPOST_TOKEN to one with the scopes that the model is to have.", REFUSED)
    if sys.stdin.isatty():
        typer.echo(
            "An MCP client is to start this and speak on standard input; docs/mcp.md says how.", err=True
        )
    _end_at_once()
    asyncio.run(_talk(gateway, found, allow_folder or []))


def _end_at_once() -> None:
    # A thread that waits for standard input can't be told to stop; uvicorn has a handler of its own.
    signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))


async def _talk(gateway: str, token: str, folders: Sequence[Path]) -> None:
    from waypost.client import AsyncWaypost
    from waypost.mcp.recordings import Recordings
    from waypost.mcp.server import make_server

    async with httpx.AsyncClient(trust_env=False) as http:
        client = AsyncWaypost(gateway, token, http)
        await make_server(lambda _: client, Recordings(folders)).run_stdio_async()


async def _serve(gateway: str, host: str, port: int, hosts: Sequence[str], origins: Sequence[str]) -> None:
    import uvicorn

    from waypost.api.server import listen
    from waypost.errors import StorageError
    from waypost.mcp.http import PATH, make_app

    try:
        listener = listen(host, port)
    except StorageError as error:
        fail(f"It can't be listened on: {error.detail} Choose another --host or --port.", FAILED)
    if not is_loopback(host):
        typer.echo(f"Warning: HTTP listens on {host} without TLS: tokens travel in clear text.", err=True)
    async with httpx.AsyncClient(trust_env=False) as http:
        app = make_app(gateway, http, [*hosts, f"[{host}]" if ":" in host else host], origins)
        config = uvicorn.Config(
            app,
            log_level="error",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        at = f"[{host}]" if ":" in host else host
        typer.echo(
            f"MCP at http://{at}:{listener.getsockname()[1]}{PATH}, for the gateway at {gateway}", err=True
        )
        await uvicorn.Server(config).serve(sockets=[listener])
