"""Virtual phones: create, scan, unlink."""

import sqlite3

from litestar import delete, get, post
from litestar.params import FromPath, JSONBody

from waypost.sandbox.contacts import births, phone_state
from waypost.sandbox.contacts.births import digits
from waypost.sandbox.control.overview import Net
from waypost.sandbox.protocol import login, pairing
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.state import devices, parties, queue
from waypost.sandbox.state.devices import Device
from waypost.sandbox.state.parties import Party
from waypost.sandbox.views import DeviceView, NewPhone, PhoneView, Scan, Scanned, Unlink, Unlinked


@get("/v1/phones")
async def every(network: Net) -> list[PhoneView]:
    """All phones."""
    return await network.store.run(
        lambda rows: [_view(rows, network, party) for party in parties.every(rows, "phone")]
    )


@post("/v1/phones")
async def create(network: Net, data: JSONBody[NewPhone]) -> PhoneView:
    """Create a phone; one that exists is returned, with its new name if one is given."""
    now = network.clock.now()

    def add(rows: sqlite3.Connection) -> tuple[PhoneView, phone_state.Touched]:
        known = parties.find(rows, digits(data.phone))
        party = births.add_phone(rows, network, data.phone, data.name)
        renamed = known is not None and party.name != known.name
        touched = phone_state.rename(rows, network, party, party.name, now) if renamed else []
        return _view(rows, network, party), touched

    shown, touched = await network.store.run(add)
    network.wake(touched)
    return shown


@get("/v1/phones/{phone:str}")
async def one(network: Net, phone: FromPath[str]) -> PhoneView:
    """A phone and its companions."""
    number = digits(phone)
    return await network.store.run(lambda rows: _view(rows, network, parties.get(rows, number, "phone")))


@post("/v1/phones/{phone:str}/scan", status_code=200)
async def scan(network: Net, phone: FromPath[str], data: JSONBody[Scan]) -> Scanned:
    """Point the phone's camera at a QR code; answers when the companion is linked."""
    linked = await pairing.scan(network, digits(phone), data.qr)
    return Scanned(f"+{linked.number}", linked.device, f"{linked.number}:{linked.device}@s.whatsapp.net")


@post("/v1/phones/{phone:str}/unlink", status_code=200)
async def unlink(network: Net, phone: FromPath[str], data: JSONBody[Unlink]) -> Unlinked:
    """Log a companion out from the phone, or all of them."""
    number = digits(phone)
    wanted = data.device
    linked = await network.store.run(lambda rows: _linked(rows, number))
    chosen = [row.device for row in linked if wanted in (None, row.device)]
    for device in chosen:
        await login.unlink(network, number, device)
    return Unlinked(chosen)


@delete("/v1/phones/{phone:str}")
async def remove(network: Net, phone: FromPath[str]) -> None:
    """Delete a phone with all that belongs to it; its companions are logged out first."""
    number = digits(phone)
    for row in await network.store.run(lambda rows: _linked(rows, number)):
        await login.unlink(network, number, row.device)
    await network.store.run(lambda rows: parties.delete(rows, number))


def _linked(rows: sqlite3.Connection, number: str) -> list[Device]:
    return devices.linked(rows, parties.get(rows, number, "phone").number)


def _view(rows: sqlite3.Connection, network: Network, party: Party) -> PhoneView:
    views = [
        DeviceView(
            device=row.device,
            push_name=row.push_name,
            online=(row.number, row.device) in network.online,
            waiting=queue.count(rows, row.number, row.device),
            prekeys=devices.count_prekeys(rows, row.number, row.device),
            linked_at=row.created_at,
        )
        for row in devices.linked(rows, party.number)
    ]
    return PhoneView(f"+{party.number}", party.name, party.lid, views)


ROUTES = (every, create, one, scan, unlink, remove)
