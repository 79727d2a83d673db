"""What the commands that send have in common: the call, the wait, and what they say of both."""

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, TypeVar

import typer
from typer.core import TyperCommand

from waypost.cli.connection import chosen, gateway
from waypost.cli.exits import NOT_FOUND, NOT_IN_TIME, NOT_SENT, REFUSED, USAGE, fail
from waypost.cli.progress import Steps, Watched, steps
from waypost.cli.queue_rows import state_of
from waypost.cli.screen import show_json
from waypost.client import ClientError, Finished, Forbidden, NoAnswer, NotFinished, RequestFailed
from waypost.client.describe import Write
from waypost.client.instance import Instance
from waypost.client.waiting import Queued

R = TypeVar("R")

WAIT_SECONDS: Final = 60.0
# How often what is waited for is looked at anew.
_LOOK_SECONDS: Final = 2.0
_AWAY_SECONDS: Final = 1.0

Wait = Annotated[
    float,
    typer.Option(
        "--wait",
        min=0.0,
        metavar="[SECONDS]",
        show_default=False,
        help=f"How long to wait until it was sent; {WAIT_SECONDS:g} unless said. 0: do not wait.",
    ),
]
# A list, so that who names two is told, and not only the second served.
To = Annotated[
    list[str] | None,
    typer.Option(
        "--to", metavar="CHAT", help="Who gets it: a number in full, <id>@g.us of a group, or a chatId."
    ),
]
ReplyTo = Annotated[
    str | None, typer.Option("--reply-to", metavar="ID", help="Id of the message that it answers.")
]
Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="TEXT",
        help="Idempotency key: the same key with the same content is sent once, however often it is tried.",
    ),
]


class Waits(TyperCommand):
    """A command whose `--wait` may stand without a number."""

    def make_parser(self, ctx: Any) -> Any:
        """A parser that writes the number out."""
        parser = super().make_parser(ctx)
        read = parser.parse_args
        parser.parse_args = lambda args: read(_written_out(args))  # type: ignore[method-assign]
        return parser


def recipient(words: Sequence[str], to: Sequence[str] | None, what: str) -> tuple[str, str]:
    """Who gets it, and what: `what --to chat`, or both without an option, the chat first. Raises Failed."""
    if to and len(to) > 1:
        fail("One call is for one chat: run it once for each, `--to` naming another each time.", USAGE)
    if to and len(words) == 1:
        return to[0], words[0]
    if not to and len(words) == 2:
        return words[0], words[1]
    more = f" There is no place for {' '.join(words[1:])}." if to else ""
    fail(f"Say what is sent, and to whom: {what} --to CHAT.{more}", USAGE)


def send(
    url: str | None,
    token: str | None,
    instance: str | None,
    call: Write[R],
    *,
    wait: float,
    key: str | None,
    as_json: bool,
    sentence: Callable[[Finished[R]], str],
) -> None:
    """Have it queued, wait until it was sent, and print what came of it."""
    with steps() as under_way, gateway(url, token, Watched(under_way.sent)) as waypost:
        sender = chosen(waypost, instance)
        try:
            queued = sender.send(call, idempotency_key=key)
        except OSError as error:
            fail(
                f"{call.source!s} can't be read: {error.strerror}.", NOT_FOUND if error.errno == 2 else USAGE
            )
        done = None if wait <= 0 else waited(sender, queued, wait, under_way, as_json)
    if done is None:
        show_json({"uuid": queued.uuid}) if as_json else typer.echo(f"Queued as {queued.uuid}.")
    elif as_json:
        show_json(done.request)
    else:
        typer.echo(sentence(done))


def waited(
    instance: Instance, queued: Queued[R], seconds: float, under_way: Steps, as_json: bool
) -> Finished[R]:
    """The end of a request; another end than sent, or none in time, ends the command."""
    until = time.monotonic() + seconds
    while True:
        left = until - time.monotonic()
        try:
            return queued.wait(max(0.0, min(left, _LOOK_SECONDS)))
        except NotFinished:
            if left > _LOOK_SECONDS:
                under_way.says(state_of(instance.get_queued_request(queued.uuid)))
                continue
            state = _state(instance, queued.uuid)
            fail(
                f"It was not sent within {seconds:g} s{state}; it goes on as queued request {queued.uuid}.",
                NOT_IN_TIME,
            )
        except NoAnswer:
            # It was accepted: a gateway that is started again goes on with it.
            if left <= _LOOK_SECONDS:
                fail(f"The gateway went away; {queued.uuid} goes on when it is back.", NOT_IN_TIME)
            under_way.says("the gateway is away")
            time.sleep(_AWAY_SECONDS)
        except Forbidden:
            fail(f"Queued as {queued.uuid}; this token may not see what becomes of it: --wait 0.", REFUSED)
        except RequestFailed as failed:
            if as_json:
                show_json(failed.request)
            fail(failed.message, NOT_SENT, failed.code)
        except KeyboardInterrupt:
            typer.echo(f"It goes on as queued request {queued.uuid}.", err=True)
            raise


def _state(instance: Instance, uuid: str) -> str:
    with contextlib.suppress(ClientError):
        return f" ({state_of(instance.get_queued_request(uuid))})"
    return ""


def _written_out(args: Sequence[str]) -> list[str]:
    found = []
    for at, word in enumerate(args):
        alone = word == "--wait" and not (at + 1 < len(args) and _is_number(args[at + 1]))
        found.append(f"--wait={WAIT_SECONDS:g}" if alone else word)
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
