"""`GET /metrics`, for Prometheus.

It tells no secret, but how much an account sends and how it fares is nobody else's business. So it asks for
an admin token or for `WAYPOST_METRICS_TOKEN`, which may do nothing else and can lie in Prometheus's
configuration. One case needs none: the gateway listens on loopback alone, nothing in the settings says that
others reach it, and the call itself comes from this machine with no sign of a proxy. A proxy beside the
gateway calls from loopback as well, and would show the page to the world.
"""

import hmac
from collections.abc import Awaitable, Callable
from typing import Any, Final

from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler

from waypost.access.tokens import Tokens, require_admin
from waypost.api.endpoint import Http
from waypost.api.replies import error_reply
from waypost.config import Settings
from waypost.config_text import is_loopback
from waypost.errors import WaypostError

PATH: Final = "/metrics"
# prometheus_client.exposition.CONTENT_TYPE_PLAIN_0_0_4
_MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_OF_PROXIES: Final = (
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
)


class MetricsDesk:
    """Shows the page of metrics to who may see it."""

    def __init__(self, page: Callable[[], Awaitable[bytes]], tokens: Tokens, settings: Settings) -> None:
        self._page = page
        self._tokens = tokens
        self._token = settings.metrics_token
        outside = settings.public_url or settings.trusted_proxies
        self._open = is_loopback(settings.host) and not self._token and not outside

    def handler(self) -> HTTPRouteHandler:
        """The route."""

        async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
            try:
                await self._admit(request)
                return Response(await self._page(), media_type=_MEDIA_TYPE)
            except WaypostError as error:
                reply = error_reply(error)
                return Response(
                    reply.content(),
                    status_code=reply.status,
                    media_type=reply.media_type,
                    headers=reply.headers,
                )

        return HTTPRouteHandler(PATH, http_method=["GET", "HEAD"], status_code=200)(metrics)

    async def _admit(self, http: Http) -> None:
        """Raises ApiError."""
        authorization = http.headers.get("authorization")
        if authorization is None and self._open and _is_local(http):
            return
        kind, _, text = (authorization or "").partition(" ")
        if self._token and kind.lower() == "bearer" and _same(text.strip(), self._token):
            return
        require_admin(await self._tokens.authenticate(authorization))


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _is_local(http: Http) -> bool:
    """Whether a call comes from this machine, and not through a proxy or a name that leads here (DNS
    rebinding: a web page of anybody's that calls from the operator's own browser)."""
    host = http.headers.get("host", "")
    name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
    client = http.client.host if http.client else ""
    through = any(header in http.headers for header in _OF_PROXIES)
    return not through and is_loopback(client) and is_loopback(name.strip("[]"))
