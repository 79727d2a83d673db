"""`waypost chats`: the conversations of an instance."""

from typing import Annotated, Final

import typer

from waypost.cli.connection import chosen, gateway
from waypost.cli.options import AsJson, OfInstance, TokenText, Url
from waypost.cli.screen import moment_of, show_json, show_rows
from waypost.cli.tail_lines import words_of
from waypost.client.instance import Instance
from waypost.client.shapes import ChatMessage, ChatView

app = typer.Typer(add_completion=False)

_PAGE: Final = 500
_LINE: Final = 60


@app.command()
def chats(
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="How many at most.")] = 50,
    unread: Annotated[bool, typer.Option("--unread", help="Only those with something unread.")] = False,
    instance: OfInstance = None,
    url: Url = None,
    token: TokenText = None,
    as_json: AsJson = False,
) -> None:
    """List chats, the one with the latest message first."""
    with gateway(url, token) as waypost:
        found = _chats(chosen(waypost, instance), limit, unread)
    if as_json:
        show_json(found)
        return
    rows = [
        (moment_of(one.timestamp), one.id, one.name, one.unreadCount or "", _last(one.lastMessage))
        for one in found
    ]
    show_rows(("latest", "chat", "name", "unread", "says"), rows, "There are no such chats.")


def _chats(of: Instance, limit: int, unread: bool) -> list[ChatView]:
    found: list[ChatView] = []
    offset = 0
    while len(found) < limit:
        page = of.chats_get_all(limit=_PAGE, offset=offset).data
        found += [one for one in page if one.unreadCount or not unread]
        offset += len(page)
        if len(page) < _PAGE:
            break
    return found[:limit]


def _last(message: ChatMessage | None) -> str:
    if message is None:
        return ""
    said = words_of({"type": message.type, "body": message.body})
    who = "me: " if message.fromMe else ""
    return f"{who}{said[:_LINE]}"
