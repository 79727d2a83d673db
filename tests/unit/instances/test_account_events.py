from collections.abc import Sequence

from waypost.engine.account import PresenceChanged
from waypost.events import Event
from waypost.instances.account_events import AccountEvents
from waypost.instances.contacts import Contacts
from waypost.instances.lids import Lids
from waypost.testing.clock import FakeClock
from waypost.testing.lids import KeptLids


async def test_whoever_types_from_another_network_keeps_no_other_event_from_coming() -> None:
    """An event that can't be taken comes again for ever, and nothing behind it."""
    told: list[Event] = []

    async def publish(events: Sequence[Event]) -> None:
        told.extend(events)

    async def named(*_: str) -> None:
        return

    contacts = Contacts(None, Lids(KeptLids()), FakeClock())  # type: ignore[arg-type]
    stranger, known = typing("1-4477@interop"), typing("447700900002@s.whatsapp.net")
    await AccountEvents(contacts, publish, named).take([stranger, known])
    assert [event.key for event in told] == [known.key]


def typing(who: str) -> PresenceChanged:
    return PresenceChanged(
        instance_id="shop", at=1.0, key=f"presence:{who}", chat=who, participant=who, state="typing"
    )
