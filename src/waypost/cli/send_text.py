"""`waypost send-text`: send a text."""

import sys
from typing import Annotated

import typer

from waypost.cli.exits import USAGE, fail
from waypost.cli.options import AsJson, OfInstance, TokenText, Url
from waypost.cli.sending import WAIT_SECONDS, Key, ReplyTo, To, Wait, Waits, recipient, send
from waypost.client import Finished, calls
from waypost.client.shapes import SendTextResult

app = typer.Typer(add_completion=False)


@app.command(cls=Waits)
def send_text(
    words: Annotated[
        list[str], typer.Argument(metavar="TEXT", help="The text; - reads it from standard input.")
    ],
    to: To = None,
    instance: OfInstance = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Fetch the page behind the first link and show it below.")
    ] = False,
    safe: Annotated[
        bool, typer.Option("--safe", help="Read the chat and type for a while first, as a person would.")
    ] = False,
    reply_to: ReplyTo = None,
    wait: Wait = WAIT_SECONDS,
    key: Key = None,
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """Send a text, and wait until it has left.

    waypost send-text "Your parcel is here." --to +12132132131
    """
    chat, text = recipient(words, to, 'waypost send-text "TEXT"')
    if text == "-":
        text = _read()
    describe = calls.send_text_safe if safe else calls.send_text
    call = describe(chat, text, link_preview=preview or None, reply_to=reply_to)
    send(url, token, instance, call, wait=wait, key=key, as_json=as_json, sentence=_sentence)


def _read() -> str:
    try:
        return sys.stdin.buffer.read().decode().rstrip("\r\n")
    except UnicodeDecodeError:
        fail("What comes from standard input is no text in UTF-8.", USAGE)


def _sentence(sent: Finished[SendTextResult]) -> str:
    return f"Sent as message {sent.result.key.id}."
