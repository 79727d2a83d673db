"""`waypost send-voice`: send a recording as a voice note."""

from typing import Annotated

import typer

from waypost.cli.connection import AsJson, TokenText, Url, fail, gateway, named, show_json
from waypost.client import NotFinished, RequestFailed

app = typer.Typer()


@app.command()
def send_voice(
    chat: Annotated[str, typer.Argument(help="Who gets it: a number in full, or a chatId.")],
    source: Annotated[str, typer.Argument(help="A file with audio, or its http(s) address.")],
    instance: Annotated[str, typer.Option("--instance", help="Name or id of the instance that sends it.")],
    caption: Annotated[str | None, typer.Option(help="A text that follows the note.")] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait until it was sent; 0: do not wait.")] = 60.0,
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """Send any audio as a voice note, and wait until it has left."""
    with gateway(url, token) as waypost:
        sender = waypost.instance(named(waypost, instance).id)
        try:
            queued = sender.send_voice(chat, source, caption=caption)
        except OSError as error:
            fail(f"{source} can't be read: {error.strerror}.")
        if wait <= 0:
            show_json({"uuid": queued.uuid}) if as_json else typer.echo(f"Queued as {queued.uuid}.")
            return
        try:
            note = queued.wait(wait)
        except NotFinished:
            fail(f"It was not sent within {wait:g} s; it goes on as queued request {queued.uuid}.")
        except RequestFailed as failed:
            fail(failed.message)
        if as_json:
            show_json(note.request)
        else:
            seconds = note.result.message.audioMessage.seconds
            typer.echo(f"Sent {seconds} s of voice as message {note.result.key.id}.")
