"""A party's sender keys, upon its rows."""

import sqlite3

from waypost.sandbox.contacts.sessions import peer_of
from waypost.sandbox.signal import sender_keys
from waypost.sandbox.signal.padding import pad, unpad
from waypost.sandbox.signal.sender_keys import SenderKey
from waypost.sandbox.state import groups
from waypost.sandbox.state.parties import Party
from waypost.sandbox.wire.curve import Randomness
from waypost.sandbox.wire.proto.message_pb2 import SenderKeyDistributionMessage


def learn(rows: sqlite3.Connection, party: Party, peer: str, told: SenderKeyDistributionMessage) -> None:
    """Take over the sender key that `peer` ("LID:device") told. SignalError when it can't be read."""
    group_id = told.group_id.partition("@")[0]
    known = _key(rows, party, group_id, peer)
    key = sender_keys.accept(known, told.axolotl_sender_key_distribution)
    groups.keep_sender_key(rows, party.number, group_id, peer, key.to_bytes())


def open_shared(rows: sqlite3.Connection, party: Party, group_id: str, peer: str, body: bytes) -> bytes:
    """Decrypt a message of `peer` to the group and keep its key; SignalError changes nothing."""
    padded, key = sender_keys.decrypt(_key(rows, party, group_id, peer), body)
    plaintext = unpad(padded)
    groups.keep_sender_key(rows, party.number, group_id, peer, key.to_bytes())
    return plaintext


def told(
    rows: sqlite3.Connection, party: Party, group_id: str, randomness: Randomness
) -> SenderKeyDistributionMessage:
    """The party's own key as others have to learn it before its next message; made if there is none."""
    peer = peer_of(party.lid, 0)
    key = _key(rows, party, group_id, peer)
    if key is None:
        key = sender_keys.generate(randomness)
        groups.keep_sender_key(rows, party.number, group_id, peer, key.to_bytes())
    return SenderKeyDistributionMessage(
        group_id=f"{group_id}@g.us", axolotl_sender_key_distribution=sender_keys.distribution(key)
    )


def seal_shared(
    rows: sqlite3.Connection, party: Party, group_id: str, plaintext: bytes, randomness: Randomness
) -> bytes:
    """Encrypt for the whole group with the party's own key, which `told` has made."""
    peer = peer_of(party.lid, 0)
    key = _key(rows, party, group_id, peer) or sender_keys.generate(randomness)
    body, moved = sender_keys.encrypt(key, pad(plaintext, randomness), randomness)
    groups.keep_sender_key(rows, party.number, group_id, peer, moved.to_bytes())
    return body


def _key(rows: sqlite3.Connection, party: Party, group_id: str, peer: str) -> SenderKey | None:
    record = groups.sender_key(rows, party.number, group_id, peer)
    return None if record is None else SenderKey.from_bytes(record)
