"""`waypost send-voice`: send a recording as a voice note."""

import sys
from typing import Annotated

import typer

from waypost.cli.exits import USAGE, fail
from waypost.cli.options import AsJson, OfInstance, TokenText, Url
from waypost.cli.sending import WAIT_SECONDS, Key, ReplyTo, To, Wait, Waits, recipient, send
from waypost.client import Finished
from waypost.client.calls import send_voice as describe
from waypost.client.shapes import SendVoiceResult

app = typer.Typer(add_completion=False)


@app.command(cls=Waits)
def send_voice(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE|URL", help="Any audio: a file, an http(s) address, or -, which reads it."
        ),
    ],
    to: To = None,
    instance: OfInstance = None,
    caption: Annotated[
        str | None, typer.Option(metavar="TEXT", help="A text that follows the note, quoting it.")
    ] = None,
    view_once: Annotated[bool, typer.Option("--view-once", help="It can be listened to only once.")] = False,
    reply_to: ReplyTo = None,
    wait: Wait = WAIT_SECONDS,
    key: Key = None,
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """Send any audio as a voice note, and wait until it has left.

    waypost send-voice hello.mp3 --to +12132132131

    A file is read here and uploaded; an address is fetched by the gateway.
    """
    chat, named = recipient(words, to, "waypost send-voice FILE")
    source = _read() if named == "-" else named
    call = describe(chat, source, caption=caption, view_once=view_once or None, reply_to=reply_to)
    send(url, token, instance, call, wait=wait, key=key, as_json=as_json, sentence=_sentence)


def _read() -> bytes:
    recording = sys.stdin.buffer.read()
    if not recording:
        fail("Nothing came from standard input.", USAGE)
    return recording


def _sentence(note: Finished[SendVoiceResult]) -> str:
    seconds = note.result.message.audioMessage.seconds
    return f"Sent {seconds} s of voice as message {note.result.key.id}."
