"""Every call has a request id, the one that it brings in `X-Request-Id` or a new one; the answer names it."""

import secrets
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from waypost.origin import Origin, on_behalf_of, sane_request_id

HEADER: Final = b"x-request-id"


def header_of(scope: Any, name: bytes) -> str | None:
    """A header of a call, before anything has been made of it."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return None


class NamedCalls:
    """The application, with each call's origin known to whatever works on it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        request_id = sane_request_id(header_of(scope, HEADER)) or secrets.token_hex(16)
        shown = (HEADER, request_id.encode())

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], shown]
            await send(message)

        with on_behalf_of(Origin(request_id)):
            await self._app(scope, receive, named)
