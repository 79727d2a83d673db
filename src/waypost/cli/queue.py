"""`waypost queue`: what became of accepted calls, and orders to them."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final

import typer
from rich.live import Live
from rich.text import Text

from waypost.cli.completion import states
from waypost.cli.connection import gateway, holder
from waypost.cli.exit_of import code_of
from waypost.cli.exits import Failed
from waypost.cli.options import AsJson, OfInstance, OfInstances, TokenText, Url, Uuid
from waypost.cli.progress import steps
from waypost.cli.queue_rows import COLUMNS, Row, Wanted, rows, state_of
from waypost.cli.screen import console, drawn, moment, show_facts, show_json, show_line, show_rows
from waypost.cli.sending import Wait, Waits, waited
from waypost.client import CallRefused, NoAnswer, TooManyCalls, Unauthenticated, Unavailable
from waypost.client.instance import Instance
from waypost.client.shapes import QueuedRequest

app = typer.Typer(add_completion=False, help="What became of accepted calls; without a command, list them.")

_LOOK_SECONDS: Final = 1.0
_AWAY: Final = "The gateway is away; it is looked for again."
_NOTHING: Final = "There are no such requests."

Uuids = Annotated[list[str], typer.Argument(metavar="UUID", help="As `waypost queue` shows them.")]


@app.callback(invoke_without_command=True)
def list_requests(
    context: typer.Context,
    instance: OfInstances = None,
    state: Annotated[
        list[str] | None,
        typer.Option(
            "--state",
            metavar="STATE",
            help="Only queued, preparing, sending, sent, failed or cancelled; may be repeated.",
            autocompletion=states,
        ),
    ] = None,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only what has not ended.")] = False,
    endpoint: Annotated[
        str | None, typer.Option(metavar="CALL", help="Only calls of this kind, such as send-voice.")
    ] = None,
    chat: Annotated[str | None, typer.Option(metavar="CHAT", help="Only to this chat.")] = None,
    limit: Annotated[int, typer.Option(min=0, metavar="N", help="How many at most; 0: all.")] = 50,
    watch: Annotated[
        bool, typer.Option("--watch", help="Look every second until Ctrl-C; in a pipe, a line per change.")
    ] = False,
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """List requests, newest first; of all instances unless one is named."""
    if context.invoked_subcommand is not None:
        return
    chosen_states = [*(state or []), *(["queued", "preparing", "sending"] if waiting else [])]
    wanted = Wanted(states=chosen_states, endpoint=endpoint, chat=chat, limit=limit)
    with gateway(url, token) as waypost:
        if watch:
            _watch(lambda: rows(waypost, instance, wanted), as_json)
            return
        found = rows(waypost, instance, wanted)
    if as_json:
        show_json([row.as_json() for row in found])
    else:
        show_rows(COLUMNS, [row.cells() for row in found], _NOTHING)


@app.command(cls=Waits)
def show(
    uuid: Uuid,
    instance: OfInstance = None,
    wait: Wait = 0.0,
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """Show one request; with --wait, its end."""
    with steps() as under_way, gateway(url, token) as waypost:
        of = holder(waypost, uuid, instance)
        if wait > 0:
            waited(of, of.queued(uuid), wait, under_way, as_json)
        found = of.get_queued_request(uuid)
    show_json(found) if as_json else _facts(found)


@app.command()
def cancel(
    uuids: Uuids,
    instance: OfInstance = None,
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """Cancel requests that were not sent yet."""
    _order(url, token, instance, uuids, lambda of, uuid: of.cancel(uuid), as_json)


@app.command()
def retry(
    uuids: Uuids,
    instance: OfInstance = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also when the message may have been sent already.")
    ] = False,
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """Try failed or cancelled requests again."""
    forced = "true" if force else None
    _order(url, token, instance, uuids, lambda of, uuid: of.retry(uuid, force=forced), as_json)


def _order(
    url: str | None,
    token: str | None,
    instance: str | None,
    uuids: list[str],
    order: Callable[[Instance, str], QueuedRequest],
    as_json: bool,
) -> None:
    done: list[QueuedRequest] = []
    refused: list[Failed] = []
    with gateway(url, token) as waypost:
        for uuid in uuids:
            try:
                request = order(holder(waypost, uuid, instance), uuid)
            except CallRefused as error:
                if isinstance(error, Unauthenticated | Unavailable):
                    raise
                refused.append(Failed(f"{uuid}: {error}", code_of(error), error.code))
                continue
            except Failed as error:
                refused.append(error)
                continue
            done.append(request)
            if not as_json:
                typer.echo(f"{request.uuid}: {state_of(request)}")
    if as_json:
        show_json(done)
    if refused:
        # One that can't be had leaves the others as they were asked for.
        said = "\n".join(error.message for error in refused)
        raise Failed(said, refused[0].exit_code, refused[0].code)


def _facts(one: QueuedRequest) -> None:
    facts: dict[str, Any] = {
        "uuid": one.uuid,
        "state": state_of(one),
        "message": one.message_status,
        "call": one.endpoint,
        "created": moment(one.created_at),
        "ended": moment(one.finished_at),
        "attempts": one.attempts,
        "next attempt": moment(one.next_attempt_at),
        **{name: value for name, value in one.request.items() if value is not None},
    }
    show_facts({name: value for name, value in facts.items() if value not in (None, "")})
    for receipt in one.participants or []:
        typer.echo(f"{receipt.participant}: {receipt.status} {moment(receipt.at)}")


def _watch(look: Callable[[], list[Row]], as_json: bool) -> None:
    screen = console()
    if screen.is_terminal and not as_json:
        with Live(console=screen, screen=True, auto_refresh=False) as live:
            known = Text(_NOTHING)
            for found in _looks(look):
                if found is not None:
                    cells = [row.cells() for row in found]
                    known = drawn(COLUMNS, cells, screen.width) if cells else Text(_NOTHING)
                live.update(known if found is not None else Text(f"{_AWAY}\n\n") + known, refresh=True)
    seen: dict[str, Any] = {}
    was_away = False
    for found in _looks(look):
        if found is None and not was_away:
            typer.echo(json.dumps({"notice": _AWAY}) if as_json else _AWAY, err=True)
        was_away = found is None
        for row in reversed(found or []):
            state = (row.request.status, row.request.message_status, row.request.waiting_for)
            if seen.get(row.request.uuid) != state:
                seen[row.request.uuid] = state
                show_line(row.as_json()) if as_json else typer.echo("  ".join(row.cells()))


def _looks(look: Callable[[], list[Row]]) -> Iterator[list[Row] | None]:
    """What is seen every second, for ever; None while a gateway is away that was there before."""
    yield look()
    while True:
        time.sleep(_LOOK_SECONDS)
        try:
            yield look()
        except (NoAnswer, TooManyCalls, Unavailable):
            yield None
