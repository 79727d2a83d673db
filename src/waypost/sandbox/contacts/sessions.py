"""A party's side of Signal, upon its rows."""

import sqlite3

from waypost.sandbox.signal import cipher
from waypost.sandbox.signal.cipher import Opened, Sealed
from waypost.sandbox.signal.errors import Reason, SignalError
from waypost.sandbox.signal.keys import Bundle
from waypost.sandbox.signal.padding import pad, unpad
from waypost.sandbox.signal.session import Session
from waypost.sandbox.state import bundles, parties
from waypost.sandbox.state.parties import Party
from waypost.sandbox.wire.curve import KeyPair, Randomness


def peer_of(lid: str, device: int) -> str:
    """The name of a session: always by LID, or one peer would end up with two sessions."""
    return f"{lid}:{device}"


def open_message(
    rows: sqlite3.Connection, party: Party, peer: str, kind: str | None, body: bytes, randomness: Randomness
) -> bytes:
    """Decrypt what `peer` sent to a device 0 and keep the session; SignalError changes nothing."""
    session = _session(rows, party, peer)
    if kind == "pkmsg":
        opened = cipher.decrypt_prekey(
            bundles.signal_party(party), session, body, lambda id: _one_time(rows, party, id), randomness
        )
    elif kind == "msg":
        opened = cipher.decrypt(session, body, randomness)
    else:
        raise SignalError(Reason.MALFORMED, "A message is neither a msg nor a pkmsg.")
    plaintext = unpad(opened.plaintext)
    _keep(rows, party, peer, opened)
    return plaintext


def seal(
    rows: sqlite3.Connection,
    party: Party,
    recipient: Party,
    device: int,
    plaintext: bytes,
    randomness: Randomness,
    *,
    bundle: Bundle | None = None,
    fresh: bool = False,
) -> Sealed | None:
    """Encrypt for one device of `recipient`; `fresh` starts over with `bundle`, or with a new one. None: no
    device."""
    peer = peer_of(recipient.lid, device)
    session = _session(rows, party, peer)
    if session is None or fresh:
        bundle = bundle or bundles.take(rows, recipient, device, randomness)
        if bundle is None:
            return None
        session = cipher.start(bundles.signal_party(party), bundle, randomness, session)
    sealed = cipher.encrypt(session, pad(plaintext, randomness))
    parties.keep_session(rows, party.number, peer, sealed.session.to_bytes())
    return sealed


def _session(rows: sqlite3.Connection, party: Party, peer: str) -> Session | None:
    record = parties.session(rows, party.number, peer)
    return None if record is None else Session.from_bytes(record)


def _keep(rows: sqlite3.Connection, party: Party, peer: str, opened: Opened) -> None:
    parties.keep_session(rows, party.number, peer, opened.session.to_bytes())
    if opened.prekey_id is not None:
        parties.take_prekey(rows, party.number, opened.prekey_id)


def _one_time(rows: sqlite3.Connection, party: Party, id: int) -> KeyPair | None:
    private = parties.peek_prekey(rows, party.number, id)
    return None if private is None else KeyPair.of(private)
