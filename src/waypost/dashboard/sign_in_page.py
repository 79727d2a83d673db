from urllib.parse import urlsplit

from waypost.api.endpoint import Http
from waypost.api.replies import Reply
from waypost.dashboard.cookies import signed_in, signed_out, theme_of
from waypost.dashboard.door import must_be_ours
from waypost.dashboard.form import Form, read_form
from waypost.dashboard.page import go
from waypost.dashboard.parts import Parts
from waypost.dashboard.templates import Templates
from waypost.errors import FOREIGN_FORM, UNAUTHENTICATED, ApiError, WaypostError

# Whoever brings a wrong token ten times in a minute does not mistype.
MISTAKES_PER_MINUTE = 10
_LIMIT = "sign in"
_FORM_SECONDS = 15.0


class SignInPage:
    """The one page for everyone: a token in, a cookie out."""

    def __init__(self, parts: Parts, templates: Templates) -> None:
        self._parts = parts
        self._templates = templates

    async def show(self, http: Http) -> Reply:
        """The form; whoever is signed in goes on at once."""
        to = target(http.query_params.get("to"))
        if await self._parts.sign_ins.find(self._parts.secret(http)) is not None:
            return go(to)
        return self._page(http, to, "", 200)

    async def enter(self, http: Http) -> Reply:
        """Sign in with the token that was typed."""
        to, base = "/", self._parts.address.base(http)
        try:
            must_be_ours(http, base)
            form = await self._form(http)
            to = target(form.get("to"))
            secret = await self._enter(self._parts.address.client(http), form.get("token"))
            # The browser forgets the one that it had; so does the gateway.
            await self._leave(http)
        except WaypostError as error:
            sentence = _UNKNOWN if error.fault is UNAUTHENTICATED else error.message
            return self._page(http, to, sentence, error.fault.status)
        reply = go(to)
        reply.headers["Set-Cookie"] = signed_in(secret, https=base.startswith("https:"))
        return reply

    async def _enter(self, client: str, token: str) -> str:
        limits = self._parts.limits
        limits.check(_LIMIT, client, MISTAKES_PER_MINUTE)
        try:
            return await self._parts.sign_ins.enter(token)
        except ApiError:
            limits.take(_LIMIT, client, MISTAKES_PER_MINUTE)
            raise

    async def leave(self, http: Http) -> Reply:
        """Sign out, here and at every node."""
        base = self._parts.address.base(http)
        reply = go("/sign-in")
        try:
            must_be_ours(http, base)
            await self._leave(http)
        except ApiError as error:
            if error.fault is FOREIGN_FORM:
                return self._page(http, "/", error.message, error.fault.status)
            raise
        reply.headers["Set-Cookie"] = signed_out(https=base.startswith("https:"))
        return reply

    async def _leave(self, http: Http) -> None:
        if secret := self._parts.secret(http):
            await self._parts.sign_ins.leave(secret)

    async def _form(self, http: Http) -> Form:
        return await read_form(http.stream(), http.headers.get("content-type", ""), _FORM_SECONDS)

    def _page(self, http: Http, to: str, sentence: str, status: int) -> Reply:
        html = self._templates.render(
            "sign_in.html",
            title="Sign in",
            theme=theme_of(http),
            signed_in=None,
            nav=[],
            tabs=[],
            instance=None,
            to=to,
            sentence=sentence,
        )
        return Reply(status=status, raw=html, media_type="text/html")


_UNKNOWN = (
    "No token reads like that, or it was revoked. A token looks like 1|x7Kd…: copy all of it, the number and "
    "the bar too."
)


def target(to: str | None) -> str:
    """Where to go after signing in: a page of ours, whatever a link says."""
    parts = urlsplit(to or "/")
    ours = not parts.scheme and not parts.netloc and (to or "/").startswith("/")
    odd = any(one in (to or "") for one in ("\\", "\r", "\n", "\t"))
    return (to or "/") if ours and not odd and not (to or "").startswith("//") else "/"
