"""usync: who is on the network, their devices and LIDs."""

import re
import sqlite3
from typing import Final

from waypost.sandbox.protocol.link import Link
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.state import devices, parties, profiles
from waypost.sandbox.state.parties import Party
from waypost.sandbox.wire.errors import WireError
from waypost.sandbox.wire.node import LID_SERVER, PHONE_SERVER, Jid, Node

_DIGITS: Final = re.compile(rb"\+?([0-9]{5,20})(?:@c\.us|@s\.whatsapp\.net)?")


async def get(network: Network, _link: Link, request: Node) -> tuple[Node, ...]:
    """Answer each user of the list for each protocol of the query."""
    usync = request.need_child("usync")
    query = {node.tag: node for node in usync.need_child("query").nodes}
    users = tuple(usync.need_child("list").children("user"))
    now = int(network.clock.now())
    answers = await network.store.run(lambda rows: tuple(_user(rows, user, query, now) for user in users))
    for unknown in filter(None, map(_unknown, answers)):
        hint = f"+{unknown} is not on this network; `waypost sandbox contacts add +{unknown}` makes it known"
        network.note(None, "note", hint)
        network.log.info("sandbox.unknown_number", hint=hint)
    names = ("sid", "mode", "context", "index", "last")
    attrs = {name: value for name in names if (value := usync.attr(name)) is not None}
    return (Node("usync", attrs, (Node("result"), Node("list", {}, answers))),)


def party_of(rows: sqlite3.Connection, jid: Jid) -> Party | None:
    """The party that a LID or a phone number's address is of."""
    find = parties.find_lid if jid.server == LID_SERVER else parties.find_registered
    return find(rows, jid.user)


def _unknown(answer: Node) -> str | None:
    contact = answer.child("contact")
    return None if contact is None or contact.attr("type") == "in" else answer.need_jid("jid").user


def _user(rows: sqlite3.Connection, user: Node, query: dict[str, Node], now: int) -> Node:
    asked = user.child("contact")
    jid = user.jid("jid")
    if asked is not None and asked.data:
        return _contact(rows, asked.data, query, now)
    if jid is None:
        raise WireError("A usync user has neither an address nor a number.")
    party = party_of(rows, jid)
    if party is None:
        return Node("user", {"jid": jid})
    return Node("user", {"jid": jid.bare}, _protocols(rows, party, query, now))


def _contact(rows: sqlite3.Connection, asked: bytes, query: dict[str, Node], now: int) -> Node:
    digits = _DIGITS.fullmatch(asked)
    if digits is None:
        raise WireError("A usync contact is not a number.")
    number = digits[1].decode("ascii")
    party = parties.find(rows, number)
    found = Node("contact", {"type": "out" if party is None else "in"}, asked)
    if party is None:
        return Node("user", {"jid": Jid(number, PHONE_SERVER)}, (found,))
    phone = Jid(party.number, PHONE_SERVER)
    by_lid = query["contact"].attr("addressing_mode") == LID_SERVER if "contact" in query else False
    attrs: dict[str, str | Jid] = (
        {"jid": Jid(party.lid, LID_SERVER), "pn_jid": phone} if by_lid else {"jid": phone}
    )
    return Node("user", attrs, (found, *_protocols(rows, party, query, now)))


def _protocols(rows: sqlite3.Connection, party: Party, query: dict[str, Node], now: int) -> tuple[Node, ...]:
    answers: list[Node] = []
    if "devices" in query:
        answers.append(_devices(rows, party, now))
    if "lid" in query:
        answers.append(Node("lid", {"val": Jid(party.lid, LID_SERVER)}))
    if "status" in query:
        answers.append(Node("status", {}, profiles.get(rows, party.number).about.encode()))
    return tuple(answers)


def _devices(rows: sqlite3.Connection, party: Party, now: int) -> Node:
    companions = (
        Node("device", {"id": str(device.device), "key-index": str(device.key_index)})
        for device in devices.linked(rows, party.number)
    )
    listed = Node("device-list", {}, (Node("device", {"id": "0"}), *companions))
    return Node("devices", {}, (listed, Node("key-index-list", {"ts": str(now)})))
