"""Which LID and which number are one account: learnt wherever the network names both, kept for good.

The network names people by their LID more and more; callers know numbers. Whoever shows an address shows both
where both are known.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from waypost.address import Jid

_REMEMBERED = 50_000  # pairs in memory, about 15 MB


class Pair(NamedTuple):
    """One account's two addresses, without device."""

    lid: Jid
    number: Jid


class LidStore(Protocol):
    """Where pairs are kept."""

    async def put(self, instance_id: str, pairs: Sequence[Pair]) -> None:
        """Keep pairs in the place of what was known of their LIDs and numbers; what a person known by the LID
        alone is called goes over to the number."""
        ...

    async def number(self, instance_id: str, lid: Jid) -> Jid | None:
        """The number behind a LID."""
        ...

    async def lid(self, instance_id: str, number: Jid) -> Jid | None:
        """The LID of a number."""
        ...


class Lids:
    """The two-way table. What is known is remembered; what is not is looked up each time, since somebody else
    may have learnt it meanwhile."""

    def __init__(self, store: LidStore) -> None:
        self._store = store
        self._recent: OrderedDict[tuple[str, Jid], Jid] = OrderedDict()

    async def learn(self, instance_id: str, pairs: Iterable[tuple[Jid | None, Jid | None]]) -> None:
        """Keep the pairs that hold a LID and a number, in either order; others say nothing."""
        wanted = [pair for one in pairs if (pair := _pair(*one)) is not None]
        new = [pair for pair in dict.fromkeys(wanted) if not self._known(instance_id, pair)]
        if not new:
            return
        await self._store.put(instance_id, new)
        for pair in new:
            self._remember(instance_id, pair)

    async def lid_of(self, instance_id: str, number: Jid) -> Jid | None:
        """The LID of an account that is known by its number; a LID is its own."""
        number = number.bare
        if not number.is_number:
            return number if number.is_lid else None
        found = self._recall(instance_id, number)
        if found is None and (found := await self._store.lid(instance_id, number)) is not None:
            self._remember(instance_id, Pair(found, number))
        return found

    async def number_of(self, instance_id: str, lid: Jid) -> Jid | None:
        """The number of an account that is known by its LID; a number is its own."""
        lid = lid.bare
        if not lid.is_lid:
            return lid if lid.is_number else None
        found = self._recall(instance_id, lid)
        if found is None and (found := await self._store.number(instance_id, lid)) is not None:
            self._remember(instance_id, Pair(lid, found))
        return found

    async def names_of(self, instance_id: str, chat: Jid) -> tuple[Jid, ...]:
        """Every address of a chat: the number first, then the LID; a group's own alone."""
        if not (chat.is_number or chat.is_lid):
            return (chat.bare,)
        number, lid = await self.number_of(instance_id, chat), await self.lid_of(instance_id, chat)
        return tuple(one for one in (number, lid) if one is not None)

    def _known(self, instance_id: str, pair: Pair) -> bool:
        recent = self._recent
        return (
            recent.get((instance_id, pair.lid)) == pair.number
            and recent.get((instance_id, pair.number)) == pair.lid
        )

    def _recall(self, instance_id: str, jid: Jid) -> Jid | None:
        key = (instance_id, jid)
        if key in self._recent:
            self._recent.move_to_end(key)
        return self._recent.get(key)

    def _remember(self, instance_id: str, pair: Pair) -> None:
        for one, other in (pair, pair[::-1]):
            key = (instance_id, one)
            before = self._recent.get(key)
            if before is not None and before != other:
                self._recent.pop((instance_id, before), None)
            self._recent[key] = other
            self._recent.move_to_end(key)
        while len(self._recent) > 2 * _REMEMBERED:
            self._recent.popitem(last=False)


def _pair(one: Jid | None, other: Jid | None) -> Pair | None:
    if one is None or other is None:
        return None
    if one.is_lid and other.is_number:
        return Pair(one.bare, other.bare)
    return Pair(other.bare, one.bare) if other.is_lid and one.is_number else None
