"""The server over HTTP: whoever calls shows a token of the gateway, and is to the gateway who the token says.

Every request stands for itself, so no session of one caller can be taken over by another, and a revoked token
opens nothing from then on. Web pages are refused by their Origin unless they are named.
"""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Final

import httpx
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.responses import JSONResponse

from waypost.client import AsyncWaypost, ClientError, Forbidden, NoAnswer, TooManyCalls, Unauthenticated
from waypost.mcp.recordings import Recordings
from waypost.mcp.server import make_server
from waypost.mcp.tools import Anyone

PATH: Final = "/mcp"
_LOCAL: Final = ("127.0.0.1", "localhost", "[::1]")
_BEARER: Final = "bearer "

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def make_app(
    gateway: str, http: httpx.AsyncClient, hosts: Sequence[str], origins: Sequence[str]
) -> "TokenGate":
    """The server at PATH for a gateway's address. `hosts`: names it is reached by beside this machine's own;
    `origins`: web pages that may call it, such as https://example.com.
    """

    def client(ctx: Anyone) -> AsyncWaypost:
        return AsyncWaypost(gateway, token_in(ctx.headers or {}) or "", http)

    server: MCPServer[Any] = make_server(client, Recordings([]))
    named = [*_LOCAL, *hosts]
    security = TransportSecuritySettings(
        allowed_hosts=[*named, *(f"{host}:*" for host in named)], allowed_origins=list(origins)
    )
    inner = server.streamable_http_app(
        streamable_http_path=PATH, json_response=True, stateless_http=True, transport_security=security
    )
    return TokenGate(inner, gateway, http)


class TokenGate:
    """Lets only those pass whose token the gateway knows."""

    def __init__(self, inner: App, gateway: str, http: httpx.AsyncClient) -> None:
        self._inner = inner
        self._gateway = gateway
        self._http = http

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        refusal = None if scope["type"] != "http" else await self._refusal(scope)
        await (refusal or self._inner)(scope, receive, send)

    async def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        token = token_in(headers)
        if token is None:
            return _refused(401, "Send a token of the gateway: Authorization: Bearer <number>|<secret>.")
        try:
            await AsyncWaypost(self._gateway, token, self._http, tries=1).instances()
        except Unauthenticated:
            return _refused(401, "The gateway does not know this token.")
        except Forbidden:
            return None  # it is known, and may do something else
        except NoAnswer:
            return _refused(503, "The gateway does not answer.")
        except ClientError as error:
            return _refused(429 if isinstance(error, TooManyCalls) else 503, str(error))
        return None


def token_in(headers: Any) -> str | None:
    """The token of a call; None for what is none."""
    text = headers.get("authorization") or ""
    if not (text.isascii() and text.isprintable()):
        return None
    return text[len(_BEARER) :].strip() or None if text[: len(_BEARER)].lower() == _BEARER else None


def _refused(status: int, sentence: str) -> JSONResponse:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {"Retry-After": "5"}
    return JSONResponse({"message": sentence}, status, headers)
