"""The dashboard's routes: every page behind the door, signing in and out, the files that pages load."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from waypost.api.endpoint import Http
from waypost.api.replies import Reply, error_reply
from waypost.dashboard.assets import PATH, Assets
from waypost.dashboard.door import Door
from waypost.dashboard.headers import NOT_KEPT, SECURITY
from waypost.dashboard.pages import pages
from waypost.dashboard.parts import Parts
from waypost.dashboard.sign_in_page import SignInPage
from waypost.dashboard.templates import Templates
from waypost.errors import WaypostError

Answer = Callable[[Http], Awaitable[Reply]]


def dashboard(parts: Parts) -> list[HTTPRouteHandler]:
    """All routes, none of which is part of the API."""
    assets = Assets()
    templates = Templates(parts.clock, assets.base)
    offered = pages(parts)
    door = Door(parts, templates, offered)
    sign_in = SignInPage(parts, templates)

    async def asset(http: Http) -> Reply:
        try:
            return assets.get(str(http.path_params["version"]), str(http.path_params["name"]).lstrip("/"))
        except WaypostError as error:
            return error_reply(error)

    return [
        *(_route(page.method, page.path, door.answer(page)) for page in offered),
        _route("GET", "/sign-in", sign_in.show),
        _route("POST", "/sign-in", sign_in.enter),
        _route("POST", "/sign-out", sign_in.leave),
        _route("GET", f"{PATH}/{{version}}/{{name:path}}", asset),
    ]


def _route(method: str, path: str, answer: Answer) -> HTTPRouteHandler:
    async def handle(request: Request[Any, Any, Any]) -> Response[Any]:
        return _response(await answer(request))

    methods: list[Any] = ["GET", "HEAD"] if method == "GET" else [method]
    # Litestar writes parameters as {name:type}.
    typed = path.replace("}", ":str}").replace(":path:str}", ":path}")
    return HTTPRouteHandler(typed, http_method=methods, status_code=200, include_in_schema=False)(handle)


def _response(reply: Reply) -> Response[Any]:
    headers: dict[str, str] = {**SECURITY, **NOT_KEPT, **reply.headers}
    if reply.stream is not None:
        return Stream(reply.stream, status_code=reply.status, media_type=reply.media_type, headers=headers)
    content = reply.content()
    return Response(content, status_code=reply.status, media_type=reply.media_type, headers=headers)
