"""`waypost messages`: what was said in a chat."""

from pathlib import Path
from typing import Annotated, Final

import typer

from waypost.cli.connection import chosen, gateway
from waypost.cli.message_files import store
from waypost.cli.options import AsJson, OfInstance, TokenText, Url
from waypost.cli.progress import steps
from waypost.cli.screen import moment_of, show_json, show_rows
from waypost.cli.tail_lines import words_of
from waypost.client.instance import Instance
from waypost.client.shapes import ChatMessage

app = typer.Typer(add_completion=False)

_PAGE: Final = 500


@app.command()
def messages(
    chat: Annotated[str, typer.Argument(metavar="CHAT", help="A number in full, or a chatId.")],
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="How many of the latest.")] = 20,
    save: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Store their files there, such as voice notes.")
    ] = None,
    instance: OfInstance = None,
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """Show the latest messages of a chat, the last one at the bottom; with --json the newest comes first."""
    with steps() as under_way, gateway(url, token) as waypost:
        of = chosen(waypost, instance)
        found = _messages(of, chat, limit)
        if save is not None:
            store(of, found, save, under_way)
    if as_json:
        show_json(found)
        return
    rows = [
        (moment_of(one.timestamp), _writer(one), _said(one), one.ackName if one.fromMe else "", one.id)
        for one in reversed(found)
    ]
    show_rows(("at", "from", "says", "message", "=id"), rows, "There are no messages in that chat.")


def _messages(of: Instance, chat: str, limit: int) -> list[ChatMessage]:
    found: list[ChatMessage] = []
    cursor = None
    while len(found) < limit:
        page = of.chats_messages(chat_id=chat, limit=min(limit - len(found), _PAGE), cursor=cursor)
        found += page.data
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


def _writer(message: ChatMessage) -> str:
    return "me" if message.fromMe else message.participant or message.from_


def _said(message: ChatMessage) -> str:
    if message.revokedAt is not None:
        return "[taken back]"
    said = words_of({"type": message.type, "body": message.body})
    return f"{said} (edited)" if message.editedAt else said
