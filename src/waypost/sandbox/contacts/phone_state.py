"""A phone's part in app state: it shares the key with its companions, reads what they write, and writes."""

import sqlite3
from typing import Final

from waypost.sandbox.contacts import sessions
from waypost.sandbox.protocol import app_state
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.state import parties, queue, sync
from waypost.sandbox.state.parties import Party
from waypost.sandbox.state.sync import Known
from waypost.sandbox.wire import binary
from waypost.sandbox.wire.errors import WireError
from waypost.sandbox.wire.node import LID_SERVER, PHONE_SERVER, Jid, Node
from waypost.sandbox.wire.proto.message_pb2 import Message, ProtocolMessage
from waypost.sandbox.wire.proto.sync_pb2 import SyncActionValue
from waypost.sandbox.wire.sync import COLLECTIONS, SyncKey, numbered, open_patch, read_patch, seal_patch

Touched = list[tuple[str, int]]

PUSH_NAME: Final = ("setting_pushName",)
_KINDS: Final = {
    # What names an entry, the collection that it is in, and the version of its kind.
    "setting_pushName": ("critical_block", 1),
    "contact": ("critical_unblock_low", 2),
    "star": ("regular_high", 2),
    "mute": ("regular_high", 2),
    "archive": ("regular_low", 3),
    "pin_v1": ("regular_low", 5),
    "markChatAsRead": ("regular_low", 3),
}


def welcome(rows: sqlite3.Connection, network: Network, party: Party, device: int, now: float) -> Touched:
    """What a phone does when a companion has been linked: it gives it the key, and its name is there to be
    read."""
    touched = share_key(rows, network, party, device, now)
    named = any(known.index == PUSH_NAME for known in sync.entries(rows, party.number))
    return touched if named or not party.name else touched + rename(rows, network, party, party.name, now)


def share_key(rows: sqlite3.Connection, network: Network, party: Party, device: int, now: float) -> Touched:
    """Send the account's key to a companion."""
    id, key = sync.key(rows, party.number, network.randomness)
    message = Message()
    message.protocol.type = ProtocolMessage.APP_STATE_SYNC_KEY_SHARE
    shared = message.protocol.app_state_sync_key_share.keys.add()
    shared.key_id.key_id = id
    shared.key_data.key_data = key
    shared.key_data.timestamp = int(now * 1000)
    shared.key_data.fingerprint.raw_id = party.registration_id
    shared.key_data.fingerprint.current_index = 0
    shared.key_data.fingerprint.device_indexes.append(0)
    sealed = sessions.seal(rows, party, party, device, message.SerializeToString(), network.randomness)
    if sealed is None:
        return []
    message_id = "3EB0" + network.randomness(9).hex().upper()
    attrs: dict[str, str | Jid] = {
        "from": Jid(party.lid, LID_SERVER),
        "id": message_id,
        "t": str(int(now)),
        "type": "text",
        "category": "peer",
        "peer_recipient_pn": Jid(party.number, PHONE_SERVER),
    }
    content = (
        Node("meta", {"appdata": "default"}),
        Node("enc", {"v": "2", "type": sealed.kind}, sealed.body),
    )
    frame = binary.encode(Node("message", attrs, content))
    queue.put(rows, party.number, device, "message", message_id, "text", frame, now)
    return [(party.number, device)]


def rename(rows: sqlite3.Connection, network: Network, party: Party, name: str, now: float) -> Touched:
    """Set the account's name on its phone."""
    value = SyncActionValue()
    value.push_name.name = name
    parties.rename(rows, party.number, name)
    return write(rows, network, party, PUSH_NAME, value, now)


def save_contact(
    rows: sqlite3.Connection, network: Network, party: Party, other: Party, name: str, now: float
) -> Touched:
    """Save somebody in the phone's address book."""
    value = SyncActionValue()
    value.contact.full_name = name
    value.contact.first_name = name.partition(" ")[0]
    value.contact.lid_jid = str(Jid(other.lid, LID_SERVER))
    value.contact.save_on_primary_addressbook = True
    return write(rows, network, party, ("contact", str(Jid(other.number, PHONE_SERVER))), value, now)


def write(
    rows: sqlite3.Connection,
    network: Network,
    party: Party,
    index: tuple[str, ...],
    value: SyncActionValue,
    now: float,
) -> Touched:
    """Add a patch of the phone's own to the collection that `index` belongs to."""
    read(rows, network, party)
    collection, kind = _KINDS[index[0]]
    value.timestamp = int(now * 1000)
    key = SyncKey.of(*sync.key(rows, party.number, network.randomness))
    version = sync.version(rows, party.number, collection) + 1
    known = sync.macs(rows, party.number, collection)
    patch = seal_patch(collection, version, known, [(index, kind, value)], key, network.randomness)
    sync.add(rows, party.number, collection, version, numbered(patch.SerializeToString(), version))
    sync.take_in(rows, party.number, collection, version, open_patch(patch, key))
    return app_state.announce(rows, network, party.number, collection, now, 0)


def read(rows: sqlite3.Connection, network: Network, party: Party) -> list[Known]:
    """Read what companions have written; all that the phone knows now. A patch that it can't read is noted
    and left out."""
    key = SyncKey.of(*sync.key(rows, party.number, network.randomness))
    for collection in COLLECTIONS:
        since = sync.read_up_to(rows, party.number, collection)
        for version, raw in sync.after(rows, party.number, collection, since, -1):
            try:
                entries = open_patch(read_patch(raw), key)
            except WireError as error:
                network.note(
                    None, "note", f"{party.number} can't read patch {version} of {collection}: {error}"
                )
                entries = []
            sync.take_in(rows, party.number, collection, version, entries)
            for entry in entries:
                if entry.index == PUSH_NAME and entry.value is not None:
                    parties.rename(rows, party.number, entry.value.push_name.name)
    return sync.entries(rows, party.number)
