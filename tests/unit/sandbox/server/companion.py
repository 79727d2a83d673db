"""A companion in pure Python: enough of a client to see what the network sends and in which order."""

import asyncio
import base64
import os
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from websockets.asyncio.client import ClientConnection, connect

from waypost.sandbox.server import Sandbox
from waypost.sandbox.signal import cipher
from waypost.sandbox.signal.keys import Bundle, Party
from waypost.sandbox.signal.padding import pad, unpad
from waypost.sandbox.signal.session import Session
from waypost.sandbox.wire import adv, binary, certificate
from waypost.sandbox.wire.curve import KeyPair
from waypost.sandbox.wire.frames import PROLOGUE, Framer, frame
from waypost.sandbox.wire.node import SERVER_JID, Jid, Node
from waypost.sandbox.wire.noise import Initiator, Transport
from waypost.sandbox.wire.proto.handshake_pb2 import ClientPayload
from waypost.sandbox.wire.proto.message_pb2 import Message
from waypost.sandbox.wire.sync import SyncKey


@dataclass(frozen=True, slots=True)
class Door:
    """Where a companion connects, and what it trusts there; `ca` is a PEM file."""

    media_host: str
    ca: Path
    noise_root: bytes

    @classmethod
    def of(cls, sandbox: Sandbox) -> Self:
        """The door of a sandbox in this process."""
        network = sandbox.network
        return cls(sandbox.media_host, network.settings.data / "ca.pem", network.secrets.root.public)


class Companion:
    """One device: its keys, and its connection while there is one."""

    def __init__(self) -> None:
        self.noise = KeyPair.generate(os.urandom)
        self.party = Party.generate(os.urandom)
        self.secret = os.urandom(32)
        self.number = ""
        self.device = 0
        self.lid = ""
        self.received: asyncio.Queue[Node] = asyncio.Queue()
        self.sessions: dict[str, Session] = {}
        self.sync_key: SyncKey | None = None
        self._socket: ClientConnection | None = None
        self._transport: Transport | None = None

    def registration(self) -> ClientPayload:
        signed = self.party.signed_prekey
        return ClientPayload(
            pairing=ClientPayload.DevicePairingData(
                registration_id=self.party.registration_id.to_bytes(4),
                key_type=b"\x05",
                identity=self.party.identity.public,
                signed_prekey_id=signed.id.to_bytes(3),
                signed_prekey=signed.pair.public,
                signed_prekey_signature=signed.signature,
            )
        )

    def login(self) -> ClientPayload:
        return ClientPayload(username=int(self.number), device=self.device, push_name="Companion")

    @asynccontextmanager
    async def connected(self, sandbox: Sandbox | Door, payload: ClientPayload) -> AsyncIterator[Self]:
        door = sandbox if isinstance(sandbox, Door) else Door.of(sandbox)
        context = ssl.create_default_context()
        context.load_verify_locations(door.ca)
        self.received = asyncio.Queue()
        async with connect(
            f"wss://{door.media_host}/ws/chat", ssl=context, compression=None, proxy=None, max_size=None
        ) as socket:
            self._socket = socket
            framer = Framer(opening=False)
            initiator = Initiator(self.noise, os.urandom)
            await socket.send(PROLOGUE + frame(initiator.hello()))
            hello = framer.feed(await socket.recv(decode=False))
            answer, static, chain, self._transport = initiator.on_hello(hello[0], payload)
            certificate.verify(chain, door.noise_root, static, int(time.time()))
            await socket.send(frame(answer))
            reader = asyncio.create_task(self._read(socket, framer))
            try:
                yield self
            finally:
                reader.cancel()

    async def _read(self, socket: ClientConnection, framer: Framer) -> None:
        assert self._transport is not None
        async for data in socket:
            assert isinstance(data, bytes)
            for payload in framer.feed(data):
                self.received.put_nowait(binary.decode(self._transport.decrypt(payload)))
        self.received.put_nowait(Node("closed"))

    async def send(self, node: Node) -> None:
        await self.send_frame(binary.encode(node))

    async def send_frame(self, data: bytes) -> None:
        """Encrypt and send what may be no stanza at all."""
        assert self._socket is not None
        assert self._transport is not None
        await self._socket.send(frame(self._transport.encrypt(data)))

    async def send_raw(self, data: bytes) -> None:
        assert self._socket is not None
        await self._socket.send(data)

    async def next(self, tag: str, **attrs: str) -> Node:
        """The next stanza of that tag and attributes; others in between are dropped."""
        async with asyncio.timeout(10):
            while True:
                node = await self.received.get()
                if node.tag == tag and all(node.attr(name) == value for name, value in attrs.items()):
                    return node

    async def ask(self, xmlns: str, type: str, *content: Node) -> Node:
        id = os.urandom(4).hex()
        await self.send(Node("iq", {"xmlns": xmlns, "type": type, "id": id, "to": SERVER_JID}, content))
        return await self.next("iq", id=id)

    def qr(self, ref: bytes) -> str:
        parts = (self.noise.public, self.party.identity.public, self.secret)
        text = ",".join(base64.b64encode(part).decode() for part in parts)
        return f"https://wa.me/settings/linked_devices#{ref.decode()},{text},1"

    async def accept(self, success: Node) -> None:
        """Answer pair-success as a companion does, and keep who it is now."""
        grant = success.path("pair-success", "device-identity")
        device = success.path("pair-success", "device")
        assert grant is not None
        assert device is not None
        signed = adv.read_grant(grant.data, self.party.identity.public, self.secret)
        answer = adv.countersign(signed, self.party.identity, os.urandom)
        identity = Node("device-identity", {"key-index": "1"}, answer)
        result: dict[str, str | Jid] = {"type": "result", "id": success.need("id"), "to": SERVER_JID}
        await self.send(Node("iq", result, (Node("pair-device-sign", {}, (identity,)),)))
        jid, lid = device.need_jid("jid"), device.need_jid("lid")
        self.number, self.device, self.lid = jid.user, jid.device, lid.user

    async def activate(self) -> None:
        """Ask for what waits, without looking at the answer, which may come behind it."""
        await self.send(
            Node("iq", {"xmlns": "passive", "type": "set", "id": "act", "to": SERVER_JID}, (Node("active"),))
        )

    async def take_key(self) -> None:
        """Take and confirm what the phone sends a device that is new: the key of app state."""
        await self.activate()
        message = await self.next("message", category="peer")
        (shared,) = self.open(message).protocol.app_state_sync_key_share.keys
        self.sync_key = SyncKey.of(shared.key_id.key_id, shared.key_data.key_data)
        about: dict[str, str | Jid] = {"id": message.need("id"), "to": message.need_jid("from")}
        await self.send(Node("receipt", {**about, "type": "peer_msg"}))
        await self.next("ack", id=message.need("id"))

    async def upload(self, count: int) -> None:
        """Upload one-time pre-keys."""
        signed = self.party.signed_prekey
        keys = tuple(_key(number, os.urandom(32)) for number in range(1, count + 1))
        skey = (*_key(signed.id, signed.pair.public).nodes, Node("signature", {}, signed.signature))
        answer = await self.ask(
            "encrypt",
            "set",
            Node("registration", {}, self.party.registration_id.to_bytes(4)),
            Node("type", {}, b"\x05"),
            Node("identity", {}, self.party.identity.public),
            Node("list", {}, keys),
            Node("skey", {}, skey),
        )
        assert answer.attr("type") == "result"

    async def seal(self, jid: Jid, message: Message) -> Node:
        """The <enc> of a message for one device."""
        session = self.sessions.get(str(jid))
        if session is None:
            answer = await self.ask("encrypt", "get", Node("key", {}, (Node("user", {"jid": jid}),)))
            user = answer.path("list", "user")
            assert user is not None
            session = cipher.start(self.party, _bundle(user), os.urandom)
        sealed = cipher.encrypt(session, pad(message.SerializeToString(), os.urandom))
        self.sessions[str(jid)] = sealed.session
        return Node("enc", {"v": "2", "type": sealed.kind}, sealed.body)

    async def text(self, to: Jid, text: str, id: str) -> Node:
        """A message stanza with a text for a contact, ready to be sent (also twice)."""
        enc = await self.seal(to, Message(conversation=text))
        target = Node("to", {"jid": to}, (enc,))
        return Node("message", {"to": to, "id": id, "type": "text"}, (Node("participants", {}, (target,)),))

    def open(self, node: Node) -> Message:
        """Decrypt a message stanza."""
        enc, sender = node.need_child("enc"), str(node.need_jid("from"))
        session = self.sessions.get(sender)
        if enc.attr("type") == "pkmsg":
            opened = cipher.decrypt_prekey(self.party, session, enc.data, lambda _: None, os.urandom)
        else:
            opened = cipher.decrypt(session, enc.data, os.urandom)
        self.sessions[sender] = opened.session
        return Message.FromString(unpad(opened.plaintext))


def _key(id: int, value: bytes) -> Node:
    return Node("key", {}, (Node("id", {}, id.to_bytes(3)), Node("value", {}, value)))


def _bundle(user: Node) -> Bundle:
    signed, key = user.need_child("skey"), user.need_child("key")
    return Bundle(
        int.from_bytes(user.need_child("registration").data),
        user.need_child("identity").data,
        int.from_bytes(signed.need_child("id").data),
        signed.need_child("value").data,
        signed.need_child("signature").data,
        int.from_bytes(key.need_child("id").data),
        key.need_child("value").data,
    )
