"""What people do with their phones beside writing: codes, address book, presence, profile."""

import sqlite3
from typing import Any

from litestar import get, post
from litestar.params import FromPath, JSONBody

from waypost.errors import SANDBOX_INVALID, SANDBOX_NO_SUCH, SandboxError
from waypost.sandbox.account_views import (
    ChatSettings,
    ContactProfile,
    Does,
    Done,
    PhoneState,
    SavedContact,
    SeenState,
    StarredMessage,
    TypedCode,
)
from waypost.sandbox.contacts import phone_state
from waypost.sandbox.contacts.births import digits
from waypost.sandbox.control.overview import Net
from waypost.sandbox.protocol import chatstates, link_code, presence, profile
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.state import parties, profiles
from waypost.sandbox.state.parties import Party
from waypost.sandbox.state.sync import Known
from waypost.sandbox.views import Scanned
from waypost.sandbox.wire.node import LID_SERVER, PHONE_SERVER, Jid, Node
from waypost.sandbox.wire.proto.sync_pb2 import SyncActionValue


@post("/v1/phones/{phone:str}/code", status_code=200)
async def type_code(network: Net, phone: FromPath[str], data: JSONBody[TypedCode]) -> Scanned:
    """Type a pairing code into the phone; answers when the companion is linked."""
    linked = await link_code.type_code(network, digits(phone), data.code)
    return Scanned(f"+{linked.number}", linked.device, f"{linked.number}:{linked.device}@s.whatsapp.net")


@get("/v1/phones/{phone:str}/state")
async def state(network: Net, phone: FromPath[str]) -> PhoneState:
    """What the phone knows."""
    number = digits(phone)
    return await network.store.run(lambda rows: _state(rows, network, parties.get(rows, number, "phone")))


@post("/v1/phones/{phone:str}/contacts", status_code=200)
async def save_contact(network: Net, phone: FromPath[str], data: JSONBody[SavedContact]) -> PhoneState:
    """Save somebody in the phone's address book."""
    number, other, now = digits(phone), digits(data.phone), network.clock.now()

    def save(rows: sqlite3.Connection) -> tuple[PhoneState, phone_state.Touched]:
        party, somebody = parties.get(rows, number, "phone"), _anybody(rows, other)
        touched = phone_state.save_contact(rows, network, party, somebody, data.name, now)
        return _state(rows, network, party), touched

    shown, touched = await network.store.run(save)
    network.wake(touched)
    return shown


@post("/v1/phones/{phone:str}/chats", status_code=200)
async def set_chat(network: Net, phone: FromPath[str], data: JSONBody[ChatSettings]) -> PhoneState:
    """Archive, mute or pin a chat on the phone."""
    number, other, now = digits(phone), digits(data.chat), network.clock.now()

    def change(rows: sqlite3.Connection) -> tuple[PhoneState, phone_state.Touched]:
        party, somebody = parties.get(rows, number, "phone"), _anybody(rows, other)
        touched: phone_state.Touched = []
        for name, value in _settings(data):
            index = (name, str(Jid(somebody.number, PHONE_SERVER)))
            touched += phone_state.write(rows, network, party, index, value, now)
        return _state(rows, network, party), touched

    shown, touched = await network.store.run(change)
    network.wake(touched)
    return shown


@post("/v1/contacts/{phone:str}/does", status_code=200)
async def does(network: Net, phone: FromPath[str], data: JSONBody[Does]) -> Done:
    """Let a contact be online, or type."""
    number = digits(phone)
    contact = await network.store.run(lambda rows: parties.get(rows, number, "contact"))
    if data.state in ("available", "unavailable"):
        await presence.show(network, contact.number, 0, data.state == "available")
        return Done(0)
    if data.to is None:
        raise SandboxError(SANDBOX_INVALID, "Say to whom the contact types.")
    to = digits(data.to)
    phone_number = (await network.store.run(lambda rows: parties.get(rows, to, "phone"))).number
    attrs: dict[str, str | Jid] = {"media": "audio"} if data.state == "recording" else {}
    node = Node("paused" if data.state == "paused" else "composing", attrs)
    return Done(await chatstates.tell(network, phone_number, Jid(contact.lid, LID_SERVER), (node,)))


@get("/v1/contacts/{phone:str}/seen")
async def seen(network: Net, phone: FromPath[str]) -> list[SeenState]:
    """What a contact saw of phones since the sandbox was started: online or not, typing."""
    number = digits(phone)
    contact = await network.store.run(lambda rows: parties.get(rows, number, "contact"))
    return [
        SeenState(one.at, f"+{one.number}", one.state) for one in list(network.presences.seen[contact.number])
    ]


@post("/v1/contacts/{phone:str}/profile", status_code=200)
async def set_profile(network: Net, phone: FromPath[str], data: JSONBody[ContactProfile]) -> Done:
    """Set a contact's text or picture, or let it block a phone."""
    number = digits(phone)

    def change(rows: sqlite3.Connection) -> str:
        contact = parties.get(rows, number, "contact")
        if data.about is not None:
            profiles.set_about(rows, contact.number, data.about)
        for other, blocked in ((data.blocks, True), (data.unblocks, False)):
            if other is not None:
                profiles.block(rows, contact.number, _anybody(rows, digits(other)).number, blocked)
        return contact.number

    registered = await network.store.run(change)
    if data.picture is not None:
        await profile.put_picture(network, registered, data.picture)
    return Done(0)


def _anybody(rows: sqlite3.Connection, number: str) -> Party:
    party = parties.find(rows, number)
    if party is None:
        raise SandboxError(SANDBOX_NO_SUCH, f"`waypost sandbox contacts add +{number}` does.")
    return party


def _settings(data: ChatSettings) -> list[tuple[str, SyncActionValue]]:
    found: list[tuple[str, SyncActionValue]] = []
    if data.archived is not None:
        found.append(("archive", SyncActionValue(archive=SyncActionValue.Archive(archived=data.archived))))
    if data.muted is not None:
        found.append(("mute", SyncActionValue(mute=SyncActionValue.Mute(muted=data.muted))))
    if data.pinned is not None:
        found.append(("pin_v1", SyncActionValue(pin=SyncActionValue.Pin(pinned=data.pinned))))
    return found


def _state(rows: sqlite3.Connection, network: Network, party: Party) -> PhoneState:
    known = phone_state.read(rows, network, party)
    shown, number = profiles.get(rows, party.number), party.number
    named = parties.get(rows, number, "phone")
    return PhoneState(
        name=named.name,
        about=shown.about,
        picture_id=shown.picture_id,
        available=network.presences.online(number),
        last_seen=network.presences.last.get(number),
        blocked=[f"+{other}" for other in profiles.blocked(rows, number)],
        privacy=profiles.privacy(rows, number),
        contacts=[
            SavedContact("+" + one.index[1].partition("@")[0], one.value.contact.full_name)
            for one in known
            if one.index[0] == "contact" and one.value.contact.full_name
        ],
        starred=[
            StarredMessage(one.index[1], one.index[2], one.index[3] == "1")
            for one in known
            if one.index[0] == "star" and one.value.star.starred
        ],
        chats=_chats(known),
    )


def _chats(known: list[Known]) -> list[ChatSettings]:
    chats: dict[str, dict[str, Any]] = {}
    for one in known:
        if one.index[0] == "archive":
            chats.setdefault(one.index[1], {})["archived"] = one.value.archive.archived
        elif one.index[0] == "mute":
            chats.setdefault(one.index[1], {})["muted"] = one.value.mute.muted
        elif one.index[0] == "pin_v1":
            chats.setdefault(one.index[1], {})["pinned"] = one.value.pin.pinned
    return [ChatSettings(chat, **settings) for chat, settings in chats.items()]


ROUTES = (type_code, state, save_contact, set_chat, does, seen, set_profile)
