"""The control API: whatever a person with the other phone would do, as HTTP/JSON on loopback.

It has no login, so it must not be reached by accident: requests with a foreign Host or Origin are refused,
which stops web pages and rebound DNS names.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from litestar import Litestar, Request, Response
from litestar.di import Provide
from litestar.exceptions import HTTPException

from waypost.errors import (
    INTERNAL,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    SANDBOX_FORBIDDEN,
    SANDBOX_INVALID,
    Fault,
    WaypostError,
)
from waypost.sandbox.control import accounts, contacts, failures, groups, overview, phones
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.views import ErrorView

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Mapping[str, Any], Receive, Send], Awaitable[None]]

PARTS: Final = (overview, phones, contacts, accounts, groups, failures)
_BODY_LIMIT: Final = 64 * 1024 * 1024
"""Bytes: audio travels as base64."""
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_BY_STATUS: Final[Mapping[int, Fault]] = {404: NOT_FOUND, 405: METHOD_NOT_ALLOWED}


def control_app(network: Network, proxy_url: str, authority_pem: str) -> App:
    """The ASGI application; `proxy_url` and `authority_pem` are what `/v1/network` tells engines."""
    app = Litestar(
        route_handlers=[route for part in PARTS for route in part.ROUTES],
        dependencies={
            "network": Provide(lambda: network, sync_to_thread=False),
            "proxy_url": Provide(lambda: proxy_url, sync_to_thread=False),
            "authority_pem": Provide(lambda: authority_pem, sync_to_thread=False),
        },
        exception_handlers={WaypostError: _refused, HTTPException: _misused, Exception: _failing(network)},
        openapi_config=None,
        request_max_body_size=_BODY_LIMIT,
        logging_config=None,
    )
    return _guarded(app, network.settings.host)


def _guarded(app: Any, host: str) -> App:
    names = _LOOPBACK | {host}

    async def guard(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope.get("headers", ())}
        wanted = _name(f"//{headers.get(b'host', '')}")
        origin = headers.get(b"origin")
        if scope["type"] != "http" or (wanted in names and (origin is None or _name(origin) in names)):
            await app(scope, receive, send)
            return
        body = msgspec.json.encode(ErrorView(SANDBOX_FORBIDDEN.code, SANDBOX_FORBIDDEN.sentence))
        start = {
            "type": "http.response.start",
            "status": 403,
            "headers": [(b"content-type", b"application/json")],
        }
        await send(start)
        await send({"type": "http.response.body", "body": body})

    return guard


def _name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _answer(fault: Fault, message: str) -> Response[ErrorView]:
    return Response(ErrorView(fault.code, message), status_code=fault.status, media_type="application/json")


def _refused(_: Request[Any, Any, Any], error: WaypostError) -> Response[ErrorView]:
    return _answer(error.fault, error.message)


def _misused(_: Request[Any, Any, Any], error: HTTPException) -> Response[ErrorView]:
    fault = _BY_STATUS.get(error.status_code, SANDBOX_INVALID)
    extra = error.extra if isinstance(error.extra, list) else []
    reasons = "; ".join(f"{part.get('key', '')}: {part.get('message', '')}".strip(": ") for part in extra)
    detail = reasons if extra else error.detail
    return _answer(fault, fault.sentence if fault is not SANDBOX_INVALID else f"{fault.sentence} {detail}")


def _failing(network: Network) -> Callable[[Request[Any, Any, Any], Exception], Response[ErrorView]]:
    def failed(_: Request[Any, Any, Any], error: Exception) -> Response[ErrorView]:
        network.log.error("sandbox.control_failed", exc_info=error)
        return _answer(INTERNAL, "Something went wrong in the sandbox; its log says what.")

    return failed
