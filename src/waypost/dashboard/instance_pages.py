from markupsafe import Markup

from waypost.api.replies import Reply
from waypost.dashboard.page import Page, Visit
from waypost.dashboard.parts import Parts
from waypost.dashboard.standing import Standing, quotas, standing, standings
from waypost.instances.instance import Instance
from waypost.instances.qr import svg
from waypost.instances.state import InstanceState


class InstancePages:
    """All instances at a glance, and one of them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def pages(self) -> list[Page]:
        """The list, one instance, and what is fetched again of both."""
        return [
            Page(path="/", answer=self.all, title="Instances", nav="Instances"),
            Page(path="/cards", answer=self.cards),
            Page(path="/instances/{instance}", answer=self.one, title="Overview", nav="Overview"),
            Page(path="/instances/{instance}/state", answer=self.state),
        ]

    async def all(self, visit: Visit) -> Reply:
        """The list."""
        return visit.show("instances.html", cards=await standings(self._parts, self._seen(visit)))

    async def cards(self, visit: Visit) -> Reply:
        """The list alone."""
        return visit.show("_cards.html", cards=await standings(self._parts, self._seen(visit)))

    async def one(self, visit: Visit) -> Reply:
        """One instance."""
        return await self._shown(visit, "instance.html")

    async def state(self, visit: Visit) -> Reply:
        """How it stands, alone."""
        return await self._shown(visit, "_state.html")

    async def _shown(self, visit: Visit, template: str) -> Reply:
        code = self._parts.instances.known.offered(visit.of.id)
        card = await standing(self._parts, visit.of)
        return visit.show(
            template,
            card=card,
            quotas=await quotas(self._parts, visit.of),
            step=_step(card, code is not None),
            code=code,
            # Made here of nothing but the code's own modules.
            qr=Markup(svg(code.text)) if code is not None and not code.typed else "",  # noqa: S704
        )

    def _seen(self, visit: Visit) -> list[Instance]:
        return [one for one in self._parts.instances.list() if visit.token.sees(one.id)]


def _step(card: Standing, has_code: bool) -> int:
    """How far connecting is: 0 get a code, 1 scan it, 2 connect, 3 connected."""
    if card.state is InstanceState.WORKING:
        return 3
    if card.instance.account is not None:
        # Linked already: whatever is wrong, no code mends it.
        return 2 if card.state is InstanceState.STARTING else 3
    return 1 if has_code else 0
