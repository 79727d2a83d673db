"""Linking a companion by QR code: the offer, the phone's scan, and the companion's signature.

Pairing by a code that is typed into the phone (`link_code.py`) is a second way to the same `complete`.
"""

import asyncio
import base64
import hmac
import sqlite3
from dataclasses import dataclass, field
from typing import Final

from waypost.errors import SANDBOX_CONFLICT, SANDBOX_INVALID, SandboxError
from waypost.sandbox.protocol import notices
from waypost.sandbox.protocol.link import Link
from waypost.sandbox.protocol.network import Network, Offer
from waypost.sandbox.state import devices, parties
from waypost.sandbox.state.devices import Device
from waypost.sandbox.state.parties import Party
from waypost.sandbox.wire import adv, xeddsa
from waypost.sandbox.wire.curve import KeyPair, typed
from waypost.sandbox.wire.errors import WireError
from waypost.sandbox.wire.node import LID_SERVER, PHONE_SERVER, SERVER_JID, Jid, Node
from waypost.sandbox.wire.proto.handshake_pb2 import ClientPayload

_REFS: Final = 6
_FIRST_SECONDS: Final = 60
_NEXT_SECONDS: Final = 20
_OFFER_SECONDS: Final = _FIRST_SECONDS + (_REFS - 1) * _NEXT_SECONDS + 10
"""How long a client shows its refs, and a little; after that they have expired."""
_ANSWER_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class QrCode:
    """What a companion shows: a ref of the server, its Noise and identity keys and the ADV secret (32 bytes
    each)."""

    ref: bytes
    noise: bytes
    identity: bytes
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Linked:
    """A companion that was linked."""

    number: str
    device: int


def read_qr(text: str) -> QrCode:
    """The parts of a QR code's text; SandboxError when it is not one of a companion that wants to be
    linked."""
    parts = text.strip().rpartition("#")[2].split(",")
    if len(parts) < 4:
        raise SandboxError(SANDBOX_INVALID, "That is not the text of a pairing QR code.")
    try:
        noise, identity, secret = (base64.b64decode(part, validate=True) for part in parts[1:4])
    except ValueError as error:  # binascii.Error, and what b64decode says of letters beyond ASCII
        raise SandboxError(SANDBOX_INVALID, "The keys in that QR code are not base64.") from error
    if not len(noise) == len(identity) == len(secret) == 32:
        raise SandboxError(SANDBOX_INVALID, "The keys in that QR code have not 32 bytes.")
    return QrCode(parts[0].encode(), noise, identity, secret)


async def offer(network: Network, link: Link) -> None:
    """Give an unknown client the refs that its QR codes are made of."""
    if not link.payload.HasField("pairing") or not _genuine(link.payload.pairing):
        raise WireError("A registration is not signed by its own identity key.")
    refs = tuple(base64.b64encode(network.randomness(24), b"-_") for _ in range(_REFS))
    offered = Offer(link, refs, link.payload.pairing, network.clock.now())
    network.offers.update(dict.fromkeys(refs, offered))
    content = Node("pair-device", {}, tuple(Node("ref", {}, ref) for ref in refs))
    await link.send(_iq(network.request_id(), content))


def withdraw(network: Network, link: Link) -> None:
    """Forget the refs of a connection that ended."""
    for ref in [ref for ref, offered in network.offers.items() if offered.link is link]:
        del network.offers[ref]


async def scan(network: Network, number: str, text: str) -> Linked:
    """What the phone `number` does when its camera sees a QR code; returns once the companion has signed.

    SandboxError: not a pairing code, an expired one, one that is being scanned, or a companion that refused.
    """
    code = read_qr(text)
    party = await network.store.run(lambda rows: parties.get(rows, number, "phone"))
    offered = network.offers.get(code.ref)
    if offered is None or network.clock.now() - offered.offered_at > _OFFER_SECONDS:
        raise SandboxError(
            SANDBOX_CONFLICT, "That QR code has expired or was used already; take the newest one."
        )
    if not hmac.compare_digest(code.noise, offered.link.noise) or code.identity != offered.pairing.identity:
        raise SandboxError(
            SANDBOX_INVALID, "The keys in that QR code are not those of the device that shows it."
        )
    withdraw(network, offered.link)
    return await complete(network, party, offered, code.secret)


async def complete(network: Network, party: Party, offered: Offer, secret: bytes) -> Linked:
    """Sign the companion, let it countersign, store it, and ask it to log in. `secret` is the ADV secret,
    32 bytes."""
    device = await network.store.run(lambda rows: parties.next_device(rows, party.number))
    now = network.clock.now()
    given = adv.grant(
        KeyPair.of(party.identity),
        offered.pairing.identity,
        secret,
        raw_id=party.registration_id,
        key_index=device,
        timestamp=int(now),
        randomness=network.randomness,
    )
    answer = await _ask(offered.link, _pair_success(network.request_id(), party, device, given, now))
    signed = adv.accept_device_signature(given, offered.pairing.identity, _identity_of(answer))
    row = _row(party.number, device, given, signed, offered, now)
    id = network.request_id()

    def link_device(rows: sqlite3.Connection) -> notices.Touched:
        devices.insert(rows, row)
        added = Node("device", {"jid": Jid(party.number, PHONE_SERVER, device)})
        return notices.put(rows, party.number, "devices", (Node("add", {}, (added,)),), id, now, but=device)

    network.wake(await network.store.run(link_device))
    network.counts["pairings"] += 1
    # 515: "log in again, now as that device".
    await offered.link.end(Node("stream:error", {"code": "515"}))
    return Linked(party.number, device)


async def _ask(link: Link, request: Node) -> Node:
    id = request.need("id")
    future: asyncio.Future[Node] = asyncio.get_running_loop().create_future()
    link.replies[id] = future
    try:
        await link.send(request)
        async with asyncio.timeout(_ANSWER_SECONDS):
            return await future
    except (TimeoutError, asyncio.CancelledError) as error:
        if isinstance(error, asyncio.CancelledError) and not link.closing.is_set():
            raise
        raise SandboxError(SANDBOX_CONFLICT, "The device that was to be linked went away.") from error
    finally:
        link.replies.pop(id, None)


def _identity_of(answer: Node) -> bytes:
    signed = answer.path("pair-device-sign", "device-identity")
    if signed is None:
        error = answer.child("error")
        reason = (error.attr("text") or error.attr("code")) if error is not None else "no signature"
        raise SandboxError(SANDBOX_CONFLICT, f"The device refused to be linked: {reason}.")
    return signed.data


def _pair_success(id: str, party: Party, device: int, given: adv.Grant, now: float) -> Node:
    addresses: dict[str, str | Jid] = {
        "jid": Jid(party.number, PHONE_SERVER, device),
        "lid": Jid(party.lid, LID_SERVER, device),
    }
    content = (
        Node("device-identity", {}, given.container),
        Node("platform", {"name": "android"}),
        Node("device", addresses),
    )
    return _iq(id, Node("pair-success", {}, content), t=str(int(now)))


def _row(number: str, device: int, given: adv.Grant, signed: bytes, offered: Offer, now: float) -> Device:
    pairing = offered.pairing
    return Device(
        number=number,
        device=device,
        noise=offered.link.noise,
        identity=pairing.identity,
        registration_id=int.from_bytes(pairing.registration_id),
        adv=signed,
        key_index=given.key_index,
        push_name=offered.link.payload.push_name,
        signed_id=int.from_bytes(pairing.signed_prekey_id),
        signed_public=pairing.signed_prekey,
        signed_signature=pairing.signed_prekey_signature,
        created_at=now,
    )


def _genuine(pairing: ClientPayload.DevicePairingData) -> bool:
    sizes = [len(part) for part in (pairing.identity, pairing.signed_prekey, pairing.registration_id)]
    return sizes == [32, 32, 4] and xeddsa.verify(
        pairing.identity, typed(pairing.signed_prekey), pairing.signed_prekey_signature
    )


def _iq(id: str, content: Node, **attrs: str) -> Node:
    return Node("iq", {"from": SERVER_JID, "type": "set", "id": id, "xmlns": "md", **attrs}, (content,))
