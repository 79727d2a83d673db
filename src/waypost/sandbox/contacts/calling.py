"""A contact calls a phone: every device of it rings, and none can answer."""

import sqlite3

from waypost.sandbox.protocol.network import Network
from waypost.sandbox.state import devices, parties, queue
from waypost.sandbox.wire import binary
from waypost.sandbox.wire.node import LID_SERVER, PHONE_SERVER, Jid, Node


async def call(network: Network, number: str, to: str, *, video: bool) -> tuple[str, int]:
    """Let the phone's companions ring; gives the call's id and how many devices that are."""
    call_id = network.randomness(16).hex().upper()
    now = network.clock.now()

    def put(rows: sqlite3.Connection) -> list[tuple[str, int]]:
        contact, phone = parties.get(rows, number, "contact"), parties.get(rows, to, "phone")
        caller = Jid(contact.lid, LID_SERVER)
        kinds = ("audio", "video") if video else ("audio",)
        offer = Node(
            "offer",
            {"call-id": call_id, "call-creator": caller, "caller_pn": Jid(contact.number, PHONE_SERVER)},
            tuple(Node(kind, {"enc": "opus"} if kind == "audio" else {"enc": "h.264"}) for kind in kinds),
        )
        attrs: dict[str, str | Jid] = {
            "from": caller,
            "id": call_id,
            "t": str(int(now)),
            "platform": "android",
        }
        frame = binary.encode(Node("call", attrs, (offer,)))
        rung = [row.device for row in devices.linked(rows, phone.number)]
        for device in rung:
            queue.put(rows, phone.number, device, "call", call_id, "", frame, now)
        return [(phone.number, device) for device in rung]

    touched = await network.store.run(put)
    network.wake(touched)
    return call_id, len(touched)
