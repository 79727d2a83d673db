"""What operations work with, without a network: the engine's double, and messages in a dictionary."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from waypost.engine.port import EngineEvent, Network, PairingEvent
from waypost.instances.contacts import Contact, Contacts, Naming, Person, SortBy, SortOrder
from waypost.instances.group_sizes import GroupSizes
from waypost.instances.lids import Lids
from waypost.instances.messages import Message
from waypost.operations.resources import Resources
from waypost.telemetry import make_log
from waypost.testing.clock import FakeClock
from waypost.testing.engine import MemoryEngine
from waypost.testing.lids import KeptLids

SHOP = "shop"
PHONE = "447700900101"


class Quiet:
    """Takes events and steps of pairings, and forgets them."""

    async def deliver(self, events: Sequence[EngineEvent]) -> None:
        pass

    async def on_pairing(self, instance_id: str, event: PairingEvent) -> None:
        pass


class KeptMessages:
    def __init__(self) -> None:
        self.all: list[Message] = []

    async def put(self, messages: Sequence[Message]) -> None:
        self.all.extend(messages)

    async def find(self, instance_id: str, message_id: str) -> list[Message]:
        return [one for one in self.all if (one.instance_id, one.message_id) == (instance_id, message_id)]

    async def delete_older(self, than: float, limit: int) -> int:
        return 0


class NoContacts:
    async def put(self, instance_id: str, contacts: Sequence[Contact]) -> None:
        pass

    async def get(self, instance_id: str, asked: str) -> Contact | None:
        return None

    async def call(self, instance_id: str, namings: Sequence[Naming]) -> None:
        pass

    async def person(self, instance_id: str, jid: str) -> Person | None:
        return None

    async def persons(self, instance_id: str, jids: Sequence[str]) -> list[Person | None]:
        return [None for _ in jids]

    async def people(
        self, instance_id: str, limit: int, offset: int, sort_by: SortBy, order: SortOrder
    ) -> list[Person]:
        return []


@dataclass(frozen=True)
class Parts:
    resources: Resources
    engine: MemoryEngine
    messages: KeptMessages


async def parts(folder: Path) -> Parts:
    """One connected instance, SHOP."""
    clock, quiet, messages = FakeClock(), Quiet(), KeptMessages()
    engine = MemoryEngine(quiet, quiet, clock)
    network = Network(name="sandbox")
    await engine.pair(SHOP, network)
    await engine.scan(SHOP, PHONE)
    await engine.open(SHOP, network)
    unused = cast("Any", None)
    resources = Resources(
        session_of=engine.session,
        contacts=Contacts(NoContacts(), Lids(KeptLids()), clock),
        messages=messages,
        chats=unused,
        uploads=unused,
        fetcher=unused,
        converter=unused,
        workshop=folder,
        clock=clock,
        group_sizes=GroupSizes(clock),
        log=make_log("error", "text"),
    )
    return Parts(resources, engine, messages)
