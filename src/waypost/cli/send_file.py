"""`waypost send-file`: send a document, a picture, a video or a sticker."""

from typing import Annotated, Any, Literal

import typer

from waypost.cli.options import AsJson, OfInstance, TokenText, Url
from waypost.cli.sending import WAIT_SECONDS, Key, ReplyTo, To, Wait, Waits, recipient, send
from waypost.client import Finished, calls
from waypost.client.describe import Write

app = typer.Typer(add_completion=False)

Kind = Literal["document", "image", "video", "sticker"]


@app.command(cls=Waits)
def send_file(
    words: Annotated[
        list[str], typer.Argument(metavar="FILE|URL", help="A file, or an http(s) address of one.")
    ],
    to: To = None,
    kind: Annotated[
        Kind, typer.Option("--as", help="A document arrives byte for byte, the others as phones show them.")
    ] = "document",
    instance: OfInstance = None,
    caption: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The text below it; a sticker has none.")
    ] = None,
    reply_to: ReplyTo = None,
    wait: Wait = WAIT_SECONDS,
    key: Key = None,
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """Send a file, and wait until it has left.

    waypost send-file menu.pdf --to +12132132131 --caption "The menu"
    """
    chat, source = recipient(words, to, "waypost send-file FILE")
    call = _described(kind, chat, source, caption, reply_to)
    send(url, token, instance, call, wait=wait, key=key, as_json=as_json, sentence=_sentence)


def _described(kind: Kind, chat: str, source: str, caption: str | None, reply_to: str | None) -> Write[Any]:
    if kind == "sticker":
        if caption is not None:
            raise typer.BadParameter("a sticker has none", param_hint="--caption")
        return calls.send_sticker(chat, source, reply_to=reply_to)
    if kind == "image":
        return calls.send_image(chat, source, caption=caption, reply_to=reply_to)
    if kind == "video":
        return calls.send_video(chat, source, caption=caption, reply_to=reply_to)
    return calls.send_file(chat, source, caption=caption, reply_to=reply_to)


def _sentence(sent: Finished[Any]) -> str:
    return f"Sent as message {sent.result.key.id}."
