"""The HTTP application: a route per endpoint of the table, and one place where failures become answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from litestar import Litestar, Request, Response
from litestar.datastructures import Headers
from litestar.exceptions import HTTPException, InternalServerException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

import waypost
from waypost.access.tokens import Tokens, require_admin
from waypost.api.docs_page import page
from waypost.api.endpoint import Call, Endpoint, Http
from waypost.api.limits import CallLimits
from waypost.api.links import PublicAddress
from waypost.api.named_calls import header_of
from waypost.api.nul import refuse_in_address
from waypost.api.openapi import document
from waypost.api.replies import Reply, error_reply
from waypost.api.watch import CallWatch
from waypost.errors import (
    FORBIDDEN,
    INSTANCE_NOT_FOUND,
    INTERNAL,
    MALFORMED,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    TOO_LARGE,
    ApiError,
    InstanceError,
    WaypostError,
)
from waypost.instances.instances import Instances
from waypost.telemetry import Log

_FAULTS = {400: MALFORMED, 404: NOT_FOUND, 405: METHOD_NOT_ALLOWED, 413: TOO_LARGE}
# What the framework says of a caller who is gone before the body is whole; nobody reads the answer.
_LEFT = "client disconnected prematurely"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What every endpoint goes through: who calls, for which instance, how often. `readiness` is None when
    ready. `watch` is told of each call.
    """

    tokens: Tokens
    instances: Instances
    limits: CallLimits
    address: PublicAddress
    readiness: Callable[[], str | None]
    log: Log
    watch: CallWatch


def make_app(
    doors: Doors, endpoints: Sequence[Endpoint], open_to_all: Sequence[HTTPRouteHandler] = ()
) -> Litestar:
    """The application with all endpoints, the health checks and the documentation, and further routes that
    look for themselves who may call."""
    handlers = [_handler(doors, endpoint) for endpoint in endpoints]
    shown = [endpoint for endpoint in endpoints if endpoint.documented]
    handlers += [*_open_handlers(doors, document(shown, waypost.__version__)), *open_to_all]

    def on_error(http: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        return _response(_error_reply(doors.log, http, error))

    return Litestar(
        route_handlers=handlers,
        exception_handlers={Exception: on_error},
        openapi_config=None,
        logging_config=None,
        request_max_body_size=None,
        debug=False,
    )


def _handler(doors: Doors, endpoint: Endpoint) -> HTTPRouteHandler:
    async def handle(request: Request[Any, Any, Any]) -> Response[Any]:
        with doors.watch.call(endpoint, header_of(request.scope, b"traceparent")) as watched:
            try:
                reply = await endpoint.answer(await _admit(doors, endpoint, request))
            except WaypostError as error:
                if error.fault.status >= 500:
                    doors.log.warning(
                        "call_failed", endpoint=endpoint.name, code=error.code, detail=error.detail
                    )
                watched.failed(error.code)
                reply = error_reply(error)
            watched.answered(reply.status)
        return _response(reply)

    # Litestar writes parameters as {name:type}.
    path = endpoint.path.replace("}", ":str}")
    return HTTPRouteHandler(path, http_method=endpoint.method, status_code=200)(handle)


async def _admit(doors: Doors, endpoint: Endpoint, http: Http) -> Call:
    """Who calls may do that. Raises ApiError, InstanceError, InvalidRequest."""
    token = await doors.tokens.authenticate(http.headers.get("authorization"))
    refuse_in_address(http.path_params.values(), http.query_params.multi_items())
    instance = None
    named = http.path_params.get("instance")
    if named is not None:
        instance = await doors.instances.look_up(str(named).lower())
        # An instance that this token may not see is as absent as one that is not there.
        if instance is None or not token.sees(instance.id):
            raise InstanceError(INSTANCE_NOT_FOUND)
        if not token.allows(instance.id, endpoint.scope):
            raise ApiError(FORBIDDEN, f"It needs the scope {endpoint.scope}.")
    elif endpoint.scope == "admin":
        require_admin(token)
    caller = f"{token.number}" if instance is None else instance.id
    doors.limits.take(endpoint.name, caller, endpoint.limit)
    return Call(http=http, token=token, instance=instance)


def _open_handlers(doors: Doors, openapi: dict[str, Any]) -> list[HTTPRouteHandler]:
    """What needs no token: health checks for whoever starts and stops the process, and the documentation."""
    encoded = msgspec.json.encode(openapi)

    async def healthz() -> Response[bytes]:
        return _response(Reply(body={"status": "ok"}))

    async def readyz() -> Response[bytes]:
        reason = doors.readiness()
        if reason is None:
            return _response(Reply(body={"status": "ready"}))
        return _response(Reply(status=503, body={"status": "not ready", "message": reason}))

    async def openapi_json() -> Response[bytes]:
        return _response(Reply(raw=encoded))

    async def docs(request: Request[Any, Any, Any]) -> Response[bytes]:
        html = page(openapi, doors.address.base(request))
        return _response(Reply(raw=html, media_type="text/html"))

    routes: list[tuple[str, Any]] = [
        ("/healthz", healthz),
        ("/readyz", readyz),
        ("/docs", docs),
        ("/docs/openapi.json", openapi_json),
    ]
    return [
        HTTPRouteHandler(path, http_method=["GET", "HEAD"], status_code=200)(handle)
        for path, handle in routes
    ]


def _error_reply(log: Log, http: Http, error: Exception) -> Reply:
    """Failures of the framework (no such route, …) and of ours that nobody foresaw."""
    if isinstance(error, WaypostError):
        return error_reply(error)
    if isinstance(error, HTTPException):
        reply = error_reply(ApiError(_FAULTS.get(error.status_code, INTERNAL)))
        if error.status_code in _FAULTS:
            allow = Headers(error.headers or {}).get("Allow")
            return msgspec.structs.replace(reply, headers={"Allow": allow}) if allow else reply
    if isinstance(error, InternalServerException) and error.detail == _LEFT:
        log.info("caller_left", method=http.method, path=http.scope["path"])
        return error_reply(ApiError(INTERNAL))
    log.error("call_crashed", method=http.method, path=http.scope["path"], exc_info=error)
    return error_reply(ApiError(INTERNAL))


def _response(reply: Reply) -> Response[Any]:
    if reply.stream is not None:
        return Stream(
            reply.stream, status_code=reply.status, media_type=reply.media_type, headers=reply.headers
        )
    return Response(
        reply.content(), status_code=reply.status, media_type=reply.media_type, headers=reply.headers
    )
