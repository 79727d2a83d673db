"""New phones and contacts, and the contacts that a new state starts with."""

import re
import sqlite3
from collections.abc import Iterable
from typing import Final

from waypost.errors import SANDBOX_CONFLICT, SANDBOX_INVALID, SandboxError
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.signal.keys import Party as Keys
from waypost.sandbox.state import parties, secrets
from waypost.sandbox.state.parties import Party
from waypost.sandbox.views import NewContact

SEEDS: Final = (
    NewContact(phone="+491700000001", name="Ada", read_after=0.2, played_after=0.4),
    # Numbers of Brazil's older accounts are registered without the ninth digit that everybody dials.
    NewContact(
        phone="+5511987654321", name="Bruna", registered_as="+551187654321", read_after=0.2, played_after=0.4
    ),
)
_LONGEST_DELAY: Final = 1e9
_NUMBER: Final = re.compile(r"\+?([1-9][0-9]{5,14})")


def digits(phone: str) -> str:
    """`+49 170 …` as digits; SandboxError when it is not an international number."""
    match = _NUMBER.fullmatch(re.sub(r"[ ()./-]", "", phone))
    if match is None:
        raise SandboxError(
            SANDBOX_INVALID, f"{phone!r:.40} is not an international number such as +491701234567."
        )
    return match[1]


def add_phone(rows: sqlite3.Connection, network: Network, phone: str, name: str) -> Party:
    """The phone of that number, created unless it exists; a new name is taken over."""
    number = digits(phone)
    known = parties.find(rows, number)
    if known is None:
        return _add(rows, network, number, None, "phone", name, (0.0, None, None))
    if known.kind != "phone":
        raise SandboxError(SANDBOX_CONFLICT, f"+{number} is a contact already.")
    if name and name != known.name:
        parties.rename(rows, number, name)
    return parties.get(rows, number, "phone")


def add_contact(rows: sqlite3.Connection, network: Network, new: NewContact) -> Party:
    """The contact of that number, created unless it exists; name and delays are taken over."""
    typed = digits(new.phone)
    number = digits(new.registered_as) if new.registered_as is not None else typed
    delays = (new.delivered_after, new.read_after, new.played_after)
    check_delays(delays)
    known = parties.find(rows, typed) or parties.find(rows, number)
    if known is None:
        return _add(rows, network, number, None if typed == number else typed, "contact", new.name, delays)
    if known.kind != "contact" or known.number != number:
        raise SandboxError(SANDBOX_CONFLICT, f"+{typed} is taken by another number or a phone.")
    parties.set_delays(rows, number, *delays)
    if new.name:
        parties.rename(rows, number, new.name)
    return parties.get(rows, number, "contact")


def check_delays(delays: Iterable[float | None]) -> None:
    """SandboxError unless each is seconds or None."""
    if any(delay is not None and not 0 <= delay <= _LONGEST_DELAY for delay in delays):
        raise SandboxError(SANDBOX_INVALID, "Delays are seconds, or null for never.")


def seed(rows: sqlite3.Connection, network: Network) -> None:
    """Create the first contacts, once per state: one that was deleted stays deleted."""
    if secrets.flag(rows, "seeded"):
        for new in SEEDS:
            add_contact(rows, network, new)


def _add(
    rows: sqlite3.Connection,
    network: Network,
    number: str,
    alias: str | None,
    kind: str,
    name: str,
    delays: tuple[float | None, float | None, float | None],
) -> Party:
    keys = Keys.generate(network.randomness)
    party = Party(
        number=number,
        alias=alias,
        lid=parties.lid_of(network.secrets.lid, number),
        kind=kind,
        name=name,
        identity=keys.identity.private,
        registration_id=keys.registration_id,
        signed_prekey=keys.signed_prekey.pair.private,
        signed_prekey_signature=keys.signed_prekey.signature,
        delivered_after=delays[0],
        read_after=delays[1],
        played_after=delays[2],
        created_at=network.clock.now(),
    )
    parties.insert(rows, party)
    return party
