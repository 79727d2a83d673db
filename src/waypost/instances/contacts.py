"""Who is behind a number: what the server answered, kept so that not every message asks again; and what
people are called."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Literal, Protocol, TypeVar

import msgspec

from waypost.address import Jid
from waypost.clock import Clock
from waypost.instances.lids import Lids

# A number changes hands within months, not hours; an account that appeared yesterday must be found today.
FRESH_SECONDS = 24 * 3600.0
# Nobody is behind a number: somebody may be soon, and a send asks again at once.
ABSENT_SECONDS = 5 * 60.0
_REMEMBERED = 50_000  # chats in memory, about 10 MB
_LONGEST_NAME = 200  # characters; WhatsApp's own apps allow 25

T = TypeVar("T")

SortBy = Literal["id", "name"]
SortOrder = Literal["asc", "desc"]


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """The server's answer about `asked` (a JID): `jid` is the one to send to."""

    asked: str
    jid: str
    lid: str | None = None
    checked_at: float


class Naming(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody (a JID without device) is called: by the account's address book (`name`), by themselves
    (`pushname`); None where nothing is said about it."""

    jid: str
    name: str | None = None
    pushname: str | None = None


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whom the account has met. `jid` is the number where it is known, else the LID; names are empty
    where they are not."""

    jid: str
    lid: str | None
    name: str
    pushname: str


class ContactStore(Protocol):
    """Where contacts are kept."""

    async def put(self, instance_id: str, contacts: Sequence[Contact]) -> None:
        """Keep what the server answered, but for the LID; a newer answer replaces an older one."""
        ...

    async def get(self, instance_id: str, asked: str) -> Contact | None:
        """What is known of an address, in the spelling that was asked for; without the LID."""
        ...

    async def call(self, instance_id: str, namings: Sequence[Naming]) -> None:
        """Keep what people are called."""
        ...

    async def person(self, instance_id: str, jid: str) -> Person | None:
        """The person with that address."""
        ...

    async def persons(self, instance_id: str, jids: Sequence[str]) -> list[Person | None]:
        """The persons with these addresses."""
        ...

    async def people(
        self, instance_id: str, limit: int, offset: int, sort_by: SortBy, order: SortOrder
    ) -> list[Person]:
        """A part of all people. By name means by the name that would be shown."""
        ...


class Contacts:
    """Contacts, with the latest in memory, known and unknown."""

    def __init__(self, store: ContactStore, lids: Lids, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._recent: OrderedDict[tuple[str, str], Contact | None] = OrderedDict()
        self._called: OrderedDict[tuple[str, str], Naming] = OrderedDict()
        self._absent: OrderedDict[tuple[str, str], float] = OrderedDict()
        self.lids = lids

    async def get(self, instance_id: str, chat: Jid) -> Contact | None:
        """What is known of `chat`, however old."""
        key = (instance_id, str(chat))
        if key in self._recent:
            self._recent.move_to_end(key)
            contact = self._recent[key]
        else:
            contact = await self._store.get(instance_id, str(chat))
            _remember(self._recent, key, contact)
        if contact is None:
            return None
        lid = await self.lids.lid_of(instance_id, Jid.parse(contact.jid))
        return msgspec.structs.replace(contact, lid=str(lid) if lid else None)

    async def fresh(self, instance_id: str, chat: Jid) -> Contact | None:
        """What is known of `chat` when it is recent enough to send by."""
        contact = await self.get(instance_id, chat)
        if contact is None or contact.checked_at < self._clock.now() - FRESH_SECONDS:
            return None
        return contact

    def as_given(self, asked: Jid, jid: Jid, lid: str | None) -> Contact:
        """An address that is taken as it is, `jid` where it goes by another; nothing is noted."""
        return Contact(asked=str(asked), jid=str(jid), lid=lid, checked_at=self._clock.now())

    def missed(self, instance_id: str, asked: Jid) -> None:
        """Note that the server knows nobody by that number; for minutes, and in memory alone."""
        _remember(self._absent, (instance_id, str(asked)), self._clock.now() + ABSENT_SECONDS)

    def is_absent(self, instance_id: str, chat: Jid) -> bool:
        """Whether the server said lately that nobody has this number."""
        return self._absent.get((instance_id, str(chat)), 0.0) > self._clock.now()

    async def learn(self, instance_id: str, asked: Jid, jid: Jid, lid: Jid | None) -> Contact:
        """Note the server's answer about `asked`, for the corrected address too."""
        at = self._clock.now()
        self._absent.pop((instance_id, str(asked)), None)
        known = [Contact(asked=str(one), jid=str(jid), checked_at=at) for one in dict.fromkeys((asked, jid))]
        await self._store.put(instance_id, known)
        await self.lids.learn(instance_id, [(jid, lid)])
        for contact in known:
            _remember(self._recent, (instance_id, contact.asked), contact)
        return msgspec.structs.replace(known[0], lid=str(lid) if lid else None)

    async def call(self, instance_id: str, namings: Iterable[Naming]) -> None:
        """Keep what people are called; by their number, where they are known by their LID and by that."""
        new: dict[str, Naming] = {}
        for naming in namings:
            number = await self.lids.number_of(instance_id, Jid.parse(naming.jid))
            one = Naming(
                jid=str(number or naming.jid), name=_cut(naming.name), pushname=_cut(naming.pushname)
            )
            before = new.get(one.jid) or self._called.get((instance_id, one.jid)) or Naming(jid=one.jid)
            after = _merged(before, one)
            if after != before:
                new[one.jid] = after
        if not new:
            return
        await self._store.call(instance_id, list(new.values()))
        for jid, naming in new.items():
            _remember(self._called, (instance_id, jid), naming)
            # The row may be one that was not there before.
            if self._recent.get((instance_id, jid), naming) is None:
                del self._recent[instance_id, jid]

    async def person(self, instance_id: str, jid: Jid) -> Person | None:
        """The person with that number (as it is typed or as it is registered) or LID."""
        known = await self.get(instance_id, jid)
        registered = jid if known is None else Jid.parse(known.jid)
        number = await self.lids.number_of(instance_id, registered)
        return await self._store.person(instance_id, str(number or jid))

    async def persons(self, instance_id: str, jids: Sequence[str]) -> list[Person | None]:
        """The persons with these addresses (JIDs), which are those that they are known by: the number where
        there is one."""
        return await self._store.persons(instance_id, jids)

    async def people(
        self, instance_id: str, limit: int, offset: int, sort_by: SortBy, order: SortOrder
    ) -> list[Person]:
        """A part of all people whom the account has met."""
        return await self._store.people(instance_id, limit, offset, sort_by, order)


def _cut(name: str | None) -> str | None:
    """Strangers call themselves what they like; an index has no place for more than a few thousand bytes."""
    return None if name is None else name[:_LONGEST_NAME]


def _merged(before: Naming, after: Naming) -> Naming:
    return Naming(
        jid=after.jid,
        name=before.name if after.name is None else after.name,
        pushname=before.pushname if after.pushname is None else after.pushname,
    )


def _remember(memory: OrderedDict[tuple[str, str], T], key: tuple[str, str], value: T) -> None:
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > _REMEMBERED:
        memory.popitem(last=False)
