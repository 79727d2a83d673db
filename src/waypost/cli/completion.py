"""What the shell offers for a half-typed word. Nothing here may fail, wait long or print."""

from collections.abc import Iterable
from typing import Any, Final, get_args

import httpx
import typer

from waypost.cli.connection import address, token_of
from waypost.cli.exits import Failed
from waypost.client.describe import WHATSAPP
from waypost.client.shapes import QueuedRequest
from waypost.config import ConfigError
from waypost.events import FURTHER, GIVEN

# A person waits for the Tab key.
_WITHIN_SECONDS: Final = 1.0


def instance_names(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Names of instances with their numbers, as the gateway knows them; none when it does not answer."""
    return [
        (one["name"], f"{one['phone']} {one['status']}")
        for one in _instances(context)
        if one["name"].startswith(incomplete)
    ]


def event_names(incomplete: str) -> list[str]:
    """Names of events."""
    return _beginning(sorted(GIVEN | FURTHER), incomplete)


def states(incomplete: str) -> list[str]:
    """States of a queued request."""
    return _beginning(get_args(QueuedRequest.__annotations__["status"]), incomplete)


def _beginning(words: Iterable[str], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]


def _instances(context: typer.Context) -> list[dict[str, Any]]:
    try:
        token = token_of(context.params.get("token"))
    except Failed:
        return []
    if not token:
        return []
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    try:
        url = f"{address(context.params.get('url'))}{WHATSAPP}/instances"
        answer = httpx.get(url, headers=headers, timeout=_WITHIN_SECONDS, trust_env=False)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()
    except (ConfigError, httpx.HTTPError, httpx.InvalidURL, ValueError):
        return []
    return found
