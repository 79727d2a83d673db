"""Connecting an instance, and what is done to it as a whole."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from waypost.address import parse_phone
from waypost.api.replies import Reply
from waypost.dashboard.page import Page, Visit
from waypost.dashboard.parts import Parts
from waypost.errors import NOT_FOUND, ApiError, InvalidRequest
from waypost.instances.instance import NetworkName

_NAME_MOST: Final = 50  # characters, as the API has it
# What is asked before it is done: a heading, what becomes of things, the button.
_ASKED: Final[Mapping[str, tuple[str, str, str]]] = {
    "restart": (
        "Connect it anew?",
        "The session is closed and opened again; it takes a moment. Nothing is lost, and no code is needed.",
        "Restart",
    ),
    "logout": (
        "Log it out?",
        "The phone unlinks this gateway. What is in the queue waits until a phone scans a new code.",
        "Log out",
    ),
    "delete": (
        "Delete it for good?",
        "The phone unlinks this gateway, queued messages end unsent, and its messages, webhooks and tokens "
        "are forgotten. This can't be undone.",
        "Delete",
    ),
}


class ConnectPages:
    """Create, show codes, restart, log out, delete."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def pages(self) -> list[Page]:
        """All of them."""
        settings = self._parts.settings
        return [
            Page(path="/instances/new", answer=self.new, title="Connect a number", scope="admin"),
            Page(
                method="POST",
                path="/instances",
                answer=self.create,
                title="Connect a number",
                scope="admin",
                limit=settings.limit_create_instance,
            ),
            self._act("qr", self.qr, settings.limit_qr_code),
            self._act("pairing-code", self.pairing_code, settings.limit_qr_code),
            Page(
                path="/instances/{instance}/ask/{act}", answer=self.ask, title="Are you sure?", scope="manage"
            ),
            self._act("restart", self.restart, settings.limit_restart),
            self._act("logout", self.logout),
            self._act("delete", self.delete),
        ]

    def _act(self, name: str, answer: Callable[[Visit], Awaitable[Reply]], limit: int = 0) -> Page:
        path = f"/instances/{{instance}}/{name}"
        return Page(method="POST", path=path, answer=answer, scope="manage", limit=limit)

    async def new(self, visit: Visit) -> Reply:
        """The form of a new instance."""
        return self._form(visit, {})

    def _form(self, visit: Visit, errors: Mapping[str, list[str]]) -> Reply:
        network = visit.form.get("network") or self._parts.settings.network
        return visit.show("connect.html", status=422 if errors else 200, errors=errors, network=network)

    async def create(self, visit: Visit) -> Reply:
        """Create an instance and show its code."""
        form = visit.form
        network: NetworkName = "sandbox" if form.get("network") == "sandbox" else "whatsapp"
        errors: dict[str, list[str]] = {}
        name, phone = form.get("name"), ""
        if not 1 <= len(name) <= _NAME_MOST:
            errors["name"] = [f"Give it a name of 1 to {_NAME_MOST} characters."]
        try:
            phone = parse_phone(form.get("phone"))
        except InvalidRequest as wrong:
            errors |= wrong.errors
        if errors:
            return self._form(visit, errors)
        try:
            instance = await self._parts.instances.create(name=name, phone=phone, network=network)
        except InvalidRequest as wrong:
            return self._form(visit, wrong.errors)
        return visit.go(f"/instances/{instance.id}")

    async def qr(self, visit: Visit) -> Reply:
        """Have a code to scan."""
        await self._parts.instances.new_qr_code(visit.of.id)
        return visit.go(f"/instances/{visit.of.id}")

    async def pairing_code(self, visit: Visit) -> Reply:
        """Have a code to type."""
        await self._parts.instances.new_pairing_code(visit.of.id)
        return visit.go(f"/instances/{visit.of.id}")

    async def ask(self, visit: Visit) -> Reply:
        """Whether it is really meant."""
        act = visit.part("act")
        if act not in _ASKED:
            raise ApiError(NOT_FOUND)
        heading, words, button = _ASKED[act]
        path = f"/instances/{visit.of.id}"
        return visit.show(
            "ask.html",
            heading=f"{visit.of.name}: {heading}",
            words=words,
            button=button,
            action=f"{path}/{act}",
            back=path,
            hidden={},
            grave=act == "delete",
        )

    async def restart(self, visit: Visit) -> Reply:
        """Connect it anew."""
        await self._parts.instances.restart(visit.of.id)
        return visit.go(f"/instances/{visit.of.id}")

    async def logout(self, visit: Visit) -> Reply:
        """Unlink it."""
        await self._parts.instances.logout(visit.of.id)
        return visit.go(f"/instances/{visit.of.id}")

    async def delete(self, visit: Visit) -> Reply:
        """Forget it, its tokens included."""
        await self._parts.instances.delete(visit.of.id)
        self._parts.tokens.forget()
        return visit.go("/")
