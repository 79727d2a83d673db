"""Who is who: addresses as messages carry them, and the others that are known of the same party."""

import contextlib
from collections.abc import Callable

from waypost.address import Jid
from waypost.chats.payloads import Parties, Party
from waypost.instances.instance import Instance
from waypost.instances.lids import Lids


class Directory:
    """Finds parties by any of their addresses."""

    def __init__(self, lids: Lids, find: Callable[[str], Instance | None]) -> None:
        """`find` gives an instance by its id."""
        self._lids = lids
        self._find = find

    async def parties(self, instance_id: str, chat: str, sender: str, *, from_me: bool) -> Parties:
        """Who takes part in a message in `chat` (a JID) that `sender` has written."""
        own = await self.own(instance_id)
        return Parties(
            own=own,
            chat=await self.party(instance_id, chat),
            sender=own if from_me else await self.party(instance_id, sender),
        )

    async def own(self, instance_id: str) -> Party:
        """The account itself."""
        instance = self._find(instance_id)
        if instance is None or instance.account is None:
            return Party() if instance is None else Party(number=Jid.of_number(instance.phone))
        number, lid = jid_of(instance.account.jid), jid_of(instance.account.lid)
        return Party(number=number, lid=lid or (number and await self._lids.lid_of(instance_id, number)))

    async def party(self, instance_id: str, address: str) -> Party:
        """Somebody, or a group."""
        jid = jid_of(address)
        if jid is None:
            return Party()
        if not (jid.is_number or jid.is_lid):
            return Party(other=jid)
        return Party(
            number=await self._lids.number_of(instance_id, jid),
            lid=await self._lids.lid_of(instance_id, jid),
        )

    async def chats(self, instance_id: str, chat: Jid) -> list[str]:
        """Every address that messages of a chat may be kept under."""
        return [str(one) for one in await self._lids.names_of(instance_id, chat)] or [str(chat)]

    def briefly(self) -> "BriefDirectory":
        """The same, which asks for each address once: for one answer, that names the same people again and
        again."""
        return BriefDirectory(self._lids, self._find)

    async def learn(self, instance_id: str, *pairs: tuple[str | None, str | None]) -> None:
        """Pairs of addresses that are the same account's."""
        await self._lids.learn(instance_id, [(jid_of(one), jid_of(other)) for one, other in pairs])


class BriefDirectory(Directory):
    """Remembers what it was asked; for one answer alone."""

    def __init__(self, lids: Lids, find: Callable[[str], Instance | None]) -> None:
        super().__init__(lids, find)
        self._known: dict[tuple[str, str], Party] = {}

    def note(self, instance_id: str, address: str, lid: str | None) -> None:
        """The LID beside a number was found, or that there is none."""
        jid = jid_of(address)
        if jid is not None and jid.is_number:
            self._known[instance_id, address] = Party(number=jid, lid=jid_of(lid))

    async def own(self, instance_id: str) -> Party:
        """The account itself."""
        key = (instance_id, "")
        if key not in self._known:
            self._known[key] = await super().own(instance_id)
        return self._known[key]

    async def party(self, instance_id: str, address: str) -> Party:
        """Somebody, or a group."""
        key = (instance_id, address or "-")
        if key not in self._known:
            self._known[key] = await super().party(instance_id, address)
        return self._known[key]


def jid_of(text: str | None) -> Jid | None:
    """An address without device; None for what is none."""
    with contextlib.suppress(ValueError):
        return Jid.parse(text or "").bare
    return None


def bare(text: str) -> str:
    """A JID without its device; what is none stays as it is."""
    jid = jid_of(text)
    return text if jid is None else str(jid)
