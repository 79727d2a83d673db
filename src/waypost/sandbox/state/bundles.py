"""What another device needs to open a Signal session: rows of devices and of parties, in one shape."""

import sqlite3

from waypost.sandbox.signal.keys import Bundle, SignedPreKey
from waypost.sandbox.signal.keys import Party as SignalParty
from waypost.sandbox.state import devices, parties
from waypost.sandbox.state.parties import Party
from waypost.sandbox.wire.curve import KeyPair, Randomness

SIGNED_ID = 1
"""A party's signed pre-key never changes."""


def take(rows: sqlite3.Connection, party: Party, device: int, randomness: Randomness) -> Bundle | None:
    """The bundle of a device with a one-time pre-key that nobody else gets; None when there is no such
    device."""
    if device == 0:
        return of_party(rows, party, randomness)
    row = devices.find(rows, party.number, device)
    if row is None or row.unlinked_at is not None:
        return None
    one_time = devices.take_prekey(rows, party.number, device)
    return Bundle(
        registration_id=row.registration_id,
        identity=row.identity,
        signed_prekey_id=row.signed_id,
        signed_prekey=row.signed_public,
        signature=row.signed_signature,
        prekey_id=None if one_time is None else one_time.id,
        prekey=None if one_time is None else one_time.public,
    )


def of_party(rows: sqlite3.Connection, party: Party, randomness: Randomness) -> Bundle:
    """The bundle of a device 0; its one-time pre-key is made now, and kept until a message uses it."""
    one_time = KeyPair.generate(randomness)
    id = parties.next_prekey(rows, party.number, one_time.private)
    return signal_party(party).bundle(id, one_time.public)


def signal_party(party: Party) -> SignalParty:
    """The keys of a device 0."""
    signed = SignedPreKey(SIGNED_ID, KeyPair.of(party.signed_prekey), party.signed_prekey_signature)
    return SignalParty(KeyPair.of(party.identity), party.registration_id, signed)
