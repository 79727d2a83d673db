"""What every page goes through: who is signed in, what that token may do, whether a form is our own."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from urllib.parse import quote, urlsplit

from waypost.access.sign_ins import SignIn, is_form_secret
from waypost.api.endpoint import Http
from waypost.api.nul import refuse_in_address
from waypost.api.replies import Reply
from waypost.dashboard.cookies import theme_of
from waypost.dashboard.form import Form, read_form
from waypost.dashboard.page import Page, Visit, go, navigation
from waypost.dashboard.parts import Parts
from waypost.dashboard.templates import Templates
from waypost.errors import (
    FORBIDDEN,
    FOREIGN_FORM,
    INSTANCE_NOT_FOUND,
    INTERNAL,
    UNAUTHENTICATED,
    ApiError,
    InstanceError,
    InvalidRequest,
    WaypostError,
)
from waypost.instances.instance import Instance

FORM_HEADER = "x-form-secret"


class Door:
    """Lets visitors in to pages, and turns what goes wrong behind it into pages too."""

    def __init__(self, parts: Parts, templates: Templates, pages: Sequence[Page]) -> None:
        self._parts = parts
        self._templates = templates
        self._pages = pages

    def answer(self, page: Page) -> Callable[[Http], Awaitable[Reply]]:
        """What a route of that page does."""

        async def answer(http: Http) -> Reply:
            try:
                sign_in = await self._parts.sign_ins.find(self._parts.secret(http))
                if sign_in is None:
                    return self._again(http) if _may_come_from_elsewhere(http) else _to_sign_in(http)
                return await self._inside(page, http, sign_in)
            except WaypostError as error:
                return self._wrong(http, self._outer(http), error)
            except Exception:
                self._parts.log.exception("page_crashed", page=page.name)
                return self._wrong(http, self._outer(http), ApiError(INTERNAL))

        return answer

    async def _inside(self, page: Page, http: Http, sign_in: SignIn) -> Reply:
        frame = self._frame(http, sign_in, None, "")
        try:
            instance = await self._instance(page, http, sign_in)
            frame = self._frame(http, sign_in, instance, page.title)
            form = Form() if page.method == "GET" else await self._form(page, http, sign_in)
            caller = f"{sign_in.token.number}" if instance is None else instance.id
            self._parts.limits.take(f"page {page.name}", caller, page.limit)
            visit = Visit(
                http=http,
                sign_in=sign_in,
                instance=instance,
                form=form,
                templates=self._templates,
                frame=frame,
            )
            return await page.answer(visit)
        except WaypostError as error:
            if error.fault.status >= 500:
                self._parts.log.warning("page_failed", page=page.name, code=error.code, detail=error.detail)
            return self._wrong(http, frame, error)

    async def _instance(self, page: Page, http: Http, sign_in: SignIn) -> Instance | None:
        """The instance of the path, where the visitor may do there what the page does."""
        refuse_in_address(http.path_params.values(), http.query_params.multi_items())
        token = sign_in.token
        if not page.of_instance:
            if page.scope == "admin" and not token.is_admin:
                raise ApiError(FORBIDDEN, "It needs an admin token.")
            return None
        named = str(http.path_params["instance"]).lower()
        instance = await self._parts.instances.look_up(named)
        # An instance that this token may not see is as absent as one that is not there.
        if instance is None or not token.sees(instance.id) or not page.applies(instance):
            raise InstanceError(INSTANCE_NOT_FOUND)
        if not token.allows(instance.id, page.scope):
            raise ApiError(FORBIDDEN, f"It needs the scope {page.scope}.")
        return instance

    async def _form(self, page: Page, http: Http, sign_in: SignIn) -> Form:
        """What was posted, by a page of ours. Raises ApiError."""
        must_be_ours(http, self._parts.address.base(http))
        given = http.headers.get(FORM_HEADER, "")
        form = Form()
        if not page.own_body:
            seconds = self._parts.settings.body_seconds
            form = await read_form(http.stream(), http.headers.get("content-type", ""), seconds)
            given = given or form.get("form_secret")
        if not is_form_secret(sign_in, given):
            raise ApiError(FOREIGN_FORM)
        return form

    def _frame(self, http: Http, sign_in: SignIn, instance: Instance | None, title: str) -> dict[str, object]:
        here = str(http.scope["path"])
        return {
            "title": title,
            "theme": theme_of(http),
            "nav": navigation(self._pages, sign_in.token, None, here),
            "tabs": [] if instance is None else navigation(self._pages, sign_in.token, instance, here),
            "signed_in": sign_in,
        }

    def _again(self, http: Http) -> Reply:
        """Have the browser ask once more by itself: it sends the cookie then, as from no other site."""
        html = self._templates.render("again.html", theme=theme_of(http))
        return Reply(raw=html, media_type="text/html")

    def _outer(self, http: Http) -> dict[str, object]:
        return {"title": "", "theme": theme_of(http), "nav": [], "tabs": [], "signed_in": None}

    def _wrong(self, http: Http, frame: Mapping[str, object], error: WaypostError) -> Reply:
        """A failure as a page, or, within a page, where its notices are."""
        fault = error.fault
        sentences = [error.message]
        if isinstance(error, InvalidRequest):
            sentences = [sentence for found in error.errors.values() for sentence in found]
        headers = {}
        if "retry_after" in error.facts:
            headers["Retry-After"] = str(error.facts["retry_after"])
            sentences.append(f"Try again in {error.facts['retry_after']} seconds.")
        signed_in = frame["signed_in"]
        values = {
            **frame,
            "title": "That did not work",
            "sentences": sentences,
            "status": fault.status,
            "instance": None,
            "tabs": [],
            "form_secret": signed_in.form_secret if isinstance(signed_in, SignIn) else "",
        }
        if is_fragment(http):
            headers |= {"HX-Retarget": "#notices", "HX-Reswap": "innerHTML", "HX-Push-Url": "false"}
        html = self._templates.render("notice.html" if is_fragment(http) else "error.html", **values)
        return Reply(status=fault.status, raw=html, media_type="text/html", headers=headers)


def is_fragment(http: Http) -> bool:
    """Whether a page of ours asks for a part of itself."""
    return "hx-request" in http.headers


def must_be_ours(http: Http, base: str) -> None:
    """Raises ApiError(FOREIGN_FORM) when another site's page has posted a form here."""
    origin, host = http.headers.get("origin"), http.headers.get("host", "")
    if origin is not None:
        # By the address that the browser used, or, behind a proxy that changes it, by the public one.
        if origin != base and urlsplit(origin).netloc != host:
            raise ApiError(FOREIGN_FORM)
    elif http.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ApiError(FOREIGN_FORM)


def _may_come_from_elsewhere(http: Http) -> bool:
    """Whether a link on another site's page led here, so that a sign-in that there is could not be seen."""
    cross_site = http.headers.get("sec-fetch-site") == "cross-site"
    return cross_site and http.method == "GET" and http.headers.get("sec-fetch-mode") == "navigate"


def _to_sign_in(http: Http) -> Reply:
    if http.method not in ("GET", "HEAD"):
        # What was typed is not repeated after the sign-in; whoever posts learns why.
        target = "/sign-in"
    else:
        query = http.scope["query_string"].decode("latin-1")
        target = _sign_in(http.scope["path"] + (f"?{query}" if query else ""))
    if is_fragment(http):
        # A page that was left open looks for the sign-in itself, and comes back.
        left = urlsplit(http.headers.get("hx-current-url", ""))
        here = left.path + (f"?{left.query}" if left.query else "")
        return Reply(status=UNAUTHENTICATED.status, raw=b"", headers={"HX-Redirect": _sign_in(here)})
    if "text/event-stream" in http.headers.get("accept", ""):
        return Reply(status=UNAUTHENTICATED.status, raw=b"")
    return go(target)


def _sign_in(to: str) -> str:
    return "/sign-in" if to in ("", "/") else f"/sign-in?to={quote(to, safe='/')}"
