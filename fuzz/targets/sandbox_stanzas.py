import asyncio
import contextlib
import random
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fuzz.stanzas import ADA, STANZAS, US
from fuzz.target import Choices, Target
from waypost.errors import WaypostError
from waypost.sandbox.contacts import births
from waypost.sandbox.protocol import stanzas
from waypost.sandbox.protocol.link import Link, Owner
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.server import start_sandbox
from waypost.sandbox.settings import SandboxSettings
from waypost.sandbox.signal import cipher
from waypost.sandbox.signal.keys import Party
from waypost.sandbox.signal.padding import pad
from waypost.sandbox.state import bundles, devices, parties, queue
from waypost.sandbox.wire import binary
from waypost.sandbox.wire.errors import WireError
from waypost.sandbox.wire.node import Node
from waypost.sandbox.wire.proto.handshake_pb2 import ClientPayload
from waypost.sandbox.wire.proto.message_pb2 import Message
from waypost.telemetry import make_log

_bytes = random.Random(3).randbytes
_OURS = Party.generate(_bytes)
_TYPED = ("WireError(", "SignalError(", "SandboxError(")
_STRANGER, _SEALED = 1, 2


@dataclass(frozen=True, slots=True)
class _House:
    """A sandbox with one linked device, in a loop that runs while an input is tried."""

    loop: asyncio.AbstractEventLoop
    network: Network
    owner: Owner
    running: object
    """What would end the sandbox if nobody held it."""


@cache
def _house() -> _House:
    loop = asyncio.new_event_loop()
    folder = Path(tempfile.mkdtemp(prefix="waypost-fuzz-"))
    running = start_sandbox(SandboxSettings(data=folder), randomness=_bytes, log=make_log("error", "text"))
    network = loop.run_until_complete(running.__aenter__()).network
    return _House(loop, network, loop.run_until_complete(_linked(network)), running)


async def _linked(network: Network) -> Owner:
    signed = _OURS.signed_prekey
    row = devices.Device(
        number=US.user,
        device=US.device,
        noise=bytes(32),
        identity=_OURS.identity.public,
        registration_id=_OURS.registration_id,
        adv=b"",
        key_index=1,
        push_name="Ann",
        signed_id=signed.id,
        signed_public=signed.pair.public,
        signed_signature=signed.signature,
        created_at=0.0,
    )
    party = await network.store.run(lambda rows: births.add_phone(rows, network, US.user, "Ann"))
    await network.store.run(lambda rows: devices.insert(rows, row))
    return Owner(US.user, party.lid, US.device)


def check(data: bytes) -> None:
    """The first byte: a linked client's frame, a stranger's, or the plaintext of a message to a contact."""
    choices = Choices(data)
    way, house = choices.number(2), _house()
    house.loop.run_until_complete(_tried(house, way, choices.rest()))


async def _tried(house: _House, way: int, data: bytes) -> None:
    network = house.network
    try:
        node = await _sealed(network, data) if way == _SEALED else binary.decode(data)
    except WireError:
        return
    link = Link(ClientPayload(push_name="Ann"), bytes(32), 0.0)
    link.owner = None if way == _STRANGER else house.owner
    network.lines.clear()
    with contextlib.suppress(WaypostError):
        await stanzas.take(network, link, node)
    while not link.outgoing.empty():
        binary.encode(link.outgoing.get_nowait())
    while await network.store.run(lambda rows: queue.for_parties(rows, 1)):
        network.parties.set()
        await asyncio.sleep(0)
    _judge(network)
    waiting = await network.store.run(lambda rows: queue.after(rows, US.user, US.device, 0, 100))
    for row in waiting:
        binary.decode(row.frame)
    await link.finish()
    await network.store.run(_renewed)


def _judge(network: Network) -> None:
    for line in network.lines:
        _, found, reason = line.what.partition("a contact could not read a stanza: ")
        assert not found or reason.startswith(_TYPED), line.what
    playing = [task for task in asyncio.all_tasks() if task.get_name() == "sandbox-parties"]
    assert len(playing) == 1, "nobody plays the contacts any more"


def _renewed(rows: object) -> None:
    """What an input may have taken away, so that each begins with the same."""
    rows.execute("UPDATE device SET unlinked_at = NULL")  # type: ignore[attr-defined]
    for table in ("queue", "seen"):
        rows.execute(f"DELETE FROM {table}")  # type: ignore[attr-defined]


async def _sealed(network: Network, plaintext: bytes) -> Node:
    """A message to Ada with that plaintext, in a session of its own."""

    def bundle(rows: object) -> object:
        party = parties.get(rows, ADA.user, "contact")  # type: ignore[arg-type]
        return bundles.of_party(rows, party, network.randomness)  # type: ignore[arg-type]

    session = cipher.start(_OURS, await network.store.run(bundle), _bytes)  # type: ignore[arg-type]
    sealed = cipher.encrypt(session, pad(plaintext, _bytes))
    enc = Node("enc", {"v": "2", "type": sealed.kind}, sealed.body)
    fan_out = Node("participants", {}, (Node("to", {"jid": ADA}, (enc,)),))
    return Node("message", {"to": ADA, "id": _bytes(6).hex(), "type": "text"}, (fan_out,))


def _seeds() -> list[bytes]:
    text = Message(conversation="hello")
    media = Message()
    media.audio.media_key, media.audio.direct_path, media.audio.ptt = bytes(32), "/v/" + "A" * 43, True
    frames = [binary.encode(stanza) for stanza in STANZAS]
    plain = [bytes((_SEALED,)) + message.SerializeToString() for message in (text, media)]
    return [*(b"\0" + frame for frame in frames), *(bytes((_STRANGER,)) + frame for frame in frames), *plain]


TARGET = Target(
    promise=(
        "any stanza is handled or is one of our errors; contacts go"
        " on listening and every queue stays readable"
    ),
    check=check,
    seeds=_seeds,
    longest=2000,
    rate=100,
)
