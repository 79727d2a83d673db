"""What happens to the account and those whom it watches, as events of the port."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from neonize.proto import Neonize_pb2 as proto

from waypost.engine.account import AccountNamed, AddressBookRead, Called, PresenceChanged
from waypost.engine.hosts.whatsmeow.jids import text_of, to_text

# Beyond the numbers of the library's own events: a line of its log, which says what no event does.
STATE_READ: Final = 1001
# whatsmeow, appstate.go: both at DEBUG, when all of a collection's patches are in the store.
_STATE_READ: Final = re.compile(
    r"(?:Full sync of app state|Synced app state) (critical_block|critical_unblock_low) "
)
_CLIENT: Final = "Client"
_PART: Final = 500  # names in one event


def state_read(data: bytes) -> str | None:
    """The collection that a LogEntry says has been read, of those that hold names; None for other lines."""
    entry = proto.LogEntry.FromString(data)
    found = _STATE_READ.match(entry.Message) if entry.Name == _CLIENT else None
    return None if found is None else found[1]


def presence(event: Any, instance_id: str, at: float) -> PresenceChanged:
    """Somebody came online or went."""
    who = to_text(event.From) or ""
    return PresenceChanged(
        instance_id=instance_id,
        at=at,
        key=f"presence:{who}:{at}",
        chat=who,
        participant=who,
        state="unavailable" if event.Unavailable else "available",
        last_seen=event.LastSeen if event.Unavailable and event.LastSeen > 0 else None,
    )


def chat_presence(event: Any, instance_id: str, at: float) -> PresenceChanged:
    """Somebody types in a chat, records, or no longer does."""
    source = event.MessageSource
    chat, who = to_text(source.Chat) or "", to_text(source.Sender) or ""
    recording = event.Media == proto.ChatPresence.ChatPresenceMedia.Value("AUDIO")
    composing = event.State == proto.ChatPresence.ChatPresence.Value("COMPOSING")
    return PresenceChanged(
        instance_id=instance_id,
        at=at,
        key=f"presence:{chat}:{who}:{at}",
        chat=chat,
        participant=who,
        state=("recording" if recording else "typing") if composing else "paused",
        chat_alt=None if source.IsGroup else to_text(source.SenderAlt),
    )


def address_book(
    data: bytes, told: Mapping[str, str], instance_id: str, at: float
) -> Iterator[AddressBookRead]:
    """The names of a ContactsGetAllContactsReturnFunction that are not `told`."""
    answer = proto.ContactsGetAllContactsReturnFunction.FromString(data)
    named = ((to_text(one.JID), text_of(one.Info.FullName or one.Info.FirstName)) for one in answer.Contact)
    new = [Called(jid=jid, name=name) for jid, name in named if jid and told.get(jid, "") != name]
    for start in range(0, len(new), _PART):
        yield AddressBookRead(
            instance_id=instance_id, at=at, key=f"names:{at}:{start}", people=new[start : start + _PART]
        )


def own_name(data: bytes, instance_id: str, at: float) -> AccountNamed:
    """The account's name in a Device."""
    name = text_of(proto.Device.FromString(data).PushName)
    return AccountNamed(instance_id=instance_id, at=at, key=f"name:{at}", name=name)
