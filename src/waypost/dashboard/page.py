"""A page of the dashboard: one row of the list in `pages.py`, from which routes and navigation come."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from waypost.access.sign_ins import SignIn
from waypost.access.token import Scope, Token
from waypost.api.endpoint import Http
from waypost.api.replies import Reply
from waypost.dashboard.form import Form
from waypost.dashboard.templates import Templates
from waypost.instances.instance import Instance

# `/instances/{instance}`
_OVERVIEW_DEPTH: Final = 2


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of the navigation; `current` is `page` where it leads to what is shown, `true` where that lies
    below it, else empty: as `aria-current` has it."""

    label: str
    href: str
    current: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A page that may be shown, or a form that may be acted on: who asks, for which instance where the path
    names one. `form` is empty unless it was posted.
    """

    http: Http
    sign_in: SignIn
    instance: Instance | None
    form: Form
    templates: Templates
    # What every page shows around itself: title, navigation, theme.
    frame: dict[str, Any]

    @property
    def token(self) -> Token:
        """What the visitor may do."""
        return self.sign_in.token

    @property
    def of(self) -> Instance:
        """The instance of the path."""
        if self.instance is None:
            raise AssertionError("only for pages below an instance")
        return self.instance

    def may(self, scope: Scope) -> bool:
        """Whether the visitor may do that to the instance of the path, or to the gateway where none is."""
        return self.token.is_admin if self.instance is None else self.token.allows(self.instance.id, scope)

    def query(self, name: str) -> str:
        """A parameter of the query, trimmed; empty is absent."""
        return str(self.http.query_params.get(name) or "").strip()

    def part(self, name: str) -> str:
        """A parameter of the path."""
        return str(self.http.path_params.get(name, ""))

    def show(self, template: str, /, status: int = 200, **values: Any) -> Reply:
        """A page, or a fragment of one, from a template of `templates/`."""
        known = {
            **self.frame,
            "visit": self,
            "instance": self.instance,
            "form_secret": self.sign_in.form_secret,
        }
        html = self.templates.render(template, **known, **values)
        return Reply(status=status, raw=html, media_type="text/html")

    def go(self, path: str) -> Reply:
        """Look at another page; after a form was acted on, so that a reload does not repeat it."""
        return go(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One method of one path. `{instance}` in the path is checked before `answer` is asked.

    `title` stands in the browser's tab; `nav` in the navigation, empty where the page has no entry there.
    `scope`: what the token must be allowed to do. `applies`: for which instances the page is there at all.
    `own_body`: the answer reads the body itself (a file); the form's secret is in the header then, and `form`
    is empty. `limit`: calls per minute and visitor, 0 for any.
    """

    path: str
    answer: Callable[[Visit], Awaitable[Reply]]
    title: str = ""
    method: Literal["GET", "POST"] = "GET"
    scope: Scope = "read"
    nav: str = ""
    applies: Callable[[Instance], bool] = lambda _: True
    own_body: bool = False
    limit: int = 0

    @property
    def of_instance(self) -> bool:
        """Whether it lies below an instance."""
        return self.path.startswith("/instances/{instance}")

    @property
    def name(self) -> str:
        """A name that no other page has."""
        return f"{self.method.lower()} {self.path}"


def go(path: str) -> Reply:
    """Have the browser look at another page of ours."""
    return Reply(status=303, raw=b"", headers={"Location": path}, media_type="text/html")


def navigation(pages: Sequence[Page], token: Token, instance: Instance | None, here: str) -> list[Link]:
    """The entries for whoever has that token: those of the gateway, or below an instance its own."""
    links = []
    for page in pages:
        if not page.nav or page.of_instance != (instance is not None):
            continue
        if instance is None:
            allowed, href = page.scope != "admin" or token.is_admin, page.path
        else:
            allowed = token.allows(instance.id, page.scope) and page.applies(instance)
            href = page.path.replace("{instance}", instance.id)
        if allowed:
            links.append(Link(page.nav, href, _current(href, here)))
    return links


def _current(href: str, here: str) -> str:
    if here == href:
        return "page"
    # The overview is above all others and no section of its own.
    is_section = href.count("/") > _OVERVIEW_DEPTH
    return "true" if is_section and here.startswith(f"{href}/") else ""
