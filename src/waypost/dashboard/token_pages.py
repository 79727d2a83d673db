from typing import Final

from waypost.access.token import INSTANCE_SCOPES, Scope
from waypost.api.replies import Reply
from waypost.dashboard.page import Page, Visit
from waypost.dashboard.parts import Parts
from waypost.errors import NOT_FOUND, ApiError

_NAME_MOST: Final = 100  # characters, as the API has it
_ADMIN: Final = "admin"
# What each scope lets a token do, in words.
SCOPES: Final[dict[Scope, str]] = {
    "send": "send, cancel and retry messages",
    "read": "read chats, messages and the queue",
    "manage": "connect, restart, delete; webhooks",
}


class TokenPages:
    """Who may call the API."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def pages(self) -> list[Page]:
        """The list, a new one (shown once), and revoking."""
        return [
            Page(path="/tokens", answer=self.list, title="Tokens", nav="Tokens", scope="admin"),
            Page(method="POST", path="/tokens", answer=self.create, title="Tokens", scope="admin"),
            Page(path="/tokens/{number}/ask", answer=self.ask, title="Revoke a token", scope="admin"),
            Page(method="POST", path="/tokens/{number}/revoke", answer=self.revoke, scope="admin"),
        ]

    async def list(self, visit: Visit) -> Reply:
        """All tokens, without their secrets."""
        return await self._shown(visit, "", "")

    async def _shown(self, visit: Visit, made: str, mistake: str) -> Reply:
        instances = self._parts.instances.list()
        return visit.show(
            "tokens.html",
            status=422 if mistake else 200,
            tokens=await self._parts.tokens.list(visit.token),
            names={one.id: one.name for one in instances},
            instances=[(_ADMIN, "Everything: an admin token"), *((one.id, one.name) for one in instances)],
            scopes=SCOPES,
            made=made,
            mistake=mistake,
        )

    async def create(self, visit: Visit) -> Reply:
        """Make a token, and show its text this once."""
        form = visit.form
        chosen, name = form.get("instance"), form.get("name")[:_NAME_MOST]
        if chosen == _ADMIN:
            made = await self._parts.tokens.issue(instance_id=None, scopes=("admin",), name=name)
            return await self._shown(visit, made.text, "")
        scopes = tuple(one for one in INSTANCE_SCOPES if one in form.all("scopes"))
        if not scopes:
            return await self._shown(visit, "", "Choose at least one thing that the token may do.")
        instance = self._parts.instances.get(chosen)
        made = await self._parts.tokens.issue(instance_id=instance.id, scopes=scopes, name=name)
        return await self._shown(visit, made.text, "")

    async def ask(self, visit: Visit) -> Reply:
        """Whether it is really meant."""
        number = _number(visit)
        own = number == visit.token.number
        return visit.show(
            "ask.html",
            heading=f"Revoke token {number}?",
            words="Whoever calls with it gets 401 from now on, and who is signed in with it is signed out."
            + (" You are signed in with it yourself." if own else ""),
            button="Revoke",
            action=f"/tokens/{number}/revoke",
            back="/tokens",
            hidden={},
            grave=True,
        )

    async def revoke(self, visit: Visit) -> Reply:
        """Make it invalid."""
        await self._parts.tokens.revoke(visit.token, _number(visit))
        return visit.go("/tokens")


def _number(visit: Visit) -> int:
    text = visit.part("number")
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise ApiError(NOT_FOUND)
    return int(text)
