"""Linking a companion by a code that its user types into the phone (`link_code_companion_reg`).

The code is what both sides encrypt their ephemeral keys with; the server only carries these.
"""

import asyncio
import hashlib
import re
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from waypost.errors import SANDBOX_CONFLICT, SANDBOX_INVALID, SandboxError
from waypost.sandbox.protocol import pairing
from waypost.sandbox.protocol.link import Link
from waypost.sandbox.protocol.network import Finish, Hello, Network
from waypost.sandbox.protocol.pairing import Linked
from waypost.sandbox.protocol.refusal import Refusal
from waypost.sandbox.state import parties
from waypost.sandbox.wire.curve import KeyPair
from waypost.sandbox.wire.errors import WireError
from waypost.sandbox.wire.node import PHONE_SERVER, SERVER_JID, Jid, Node

TAG: Final = "link_code_companion_reg"
_CODE: Final = re.compile(r"[1-9A-HJ-NP-TV-Z]{8}")
_SALT, _IV, _WRAPPED = 32, 16, 80  # bytes
_NONCE: Final = 12
_ROUNDS: Final = 131072
_SECONDS: Final = 180.0
"""How long a code can be typed."""
_FINISH_SECONDS: Final = 20.0


def concerns(request: Node) -> bool:
    """Whether a request is one of these: they come from clients that are not logged in."""
    return request.attr("xmlns") == "md" and request.child(TAG) is not None


async def take(network: Network, link: Link, request: Node) -> tuple[Node, ...]:
    """A companion shows a code, or has answered the phone that typed it."""
    asked = request.need_child(TAG)
    stage = asked.attr("stage")
    if stage == "companion_hello":
        return (Node(TAG, {"stage": stage}, (_ref(network, link, asked),)),)
    if stage == "companion_finish":
        ref = asked.need_child("link_code_pairing_ref").data
        hello = network.codes.get(ref)
        if hello is None or hello.link is not link or hello.finish.done():
            raise Refusal(404, "item-not-found")
        bundle = asked.need_child("link_code_pairing_wrapped_key_bundle").data
        hello.finish.set_result(Finish(bundle, asked.need_child("companion_identity_public").data))
        return ()
    raise Refusal(400, "bad-request")


def withdraw(network: Network, link: Link) -> None:
    """Forget what a connection that ended has shown."""
    for ref in [ref for ref, hello in network.codes.items() if hello.link is link]:
        network.codes.pop(ref).finish.cancel()


async def type_code(network: Network, number: str, code: str) -> Linked:
    """What a phone does when its user types a code; returns once the companion has signed.

    SandboxError: no device shows a code for this number, or it is another.
    """
    code = re.sub(r"[\s-]", "", code).upper()
    if _CODE.fullmatch(code) is None:
        raise SandboxError(SANDBOX_INVALID, "A pairing code has 8 letters and digits, such as ABCD-1234.")
    party = await network.store.run(lambda rows: parties.get(rows, number, "phone"))
    now = network.clock.now()
    shown = [
        (ref, hello)
        for ref, hello in network.codes.items()
        if hello.number == party.number and now - hello.offered_at <= _SECONDS and not hello.finish.done()
    ]
    if not shown:
        raise SandboxError(SANDBOX_CONFLICT, f"No device waits for a code of +{party.number}.")
    ref, hello = shown[-1]
    account, ephemeral = KeyPair.of(party.identity), KeyPair.generate(network.randomness)
    theirs = await _opened(hello.wrapped, code)
    salt, iv = network.randomness(_SALT), network.randomness(_IV)
    wrapped = salt + iv + await _crypt(ephemeral.public, code, salt, iv)
    await hello.link.send(_primary_hello(network.request_id(), ref, wrapped, account.public, now))
    try:
        async with asyncio.timeout(_FINISH_SECONDS):
            finish = await asyncio.shield(hello.finish)
    except TimeoutError as error:
        raise SandboxError(SANDBOX_CONFLICT, "The device that showed the code does not answer.") from error
    except asyncio.CancelledError as error:
        if not hello.finish.cancelled():
            raise
        raise SandboxError(SANDBOX_CONFLICT, "The device that showed the code went away.") from error
    network.codes.pop(ref, None)
    secret = _adv_secret(finish, ephemeral.agree(theirs), account)
    offered = next((one for one in network.offers.values() if one.link is hello.link), None)
    if offered is None or offered.pairing.identity != finish.identity:
        raise SandboxError(SANDBOX_INVALID, "The keys of the device that showed the code are others.")
    pairing.withdraw(network, hello.link)
    return await pairing.complete(network, party, offered, secret)


def _ref(network: Network, link: Link, asked: Node) -> Node:
    wrapped = asked.need_child("link_code_pairing_wrapped_companion_ephemeral_pub").data
    jid = asked.need_jid("jid")
    if len(wrapped) != _WRAPPED or jid.server != PHONE_SERVER:
        raise WireError("A pairing code is offered without its key.")
    withdraw(network, link)
    ref = network.randomness(16)
    future: asyncio.Future[Finish] = asyncio.get_running_loop().create_future()
    network.codes[ref] = Hello(link, jid.user, wrapped, network.clock.now(), future)
    return Node("link_code_pairing_ref", {}, ref)


def _primary_hello(id: str, ref: bytes, wrapped: bytes, identity: bytes, now: float) -> Node:
    parts = (
        Node("link_code_pairing_wrapped_primary_ephemeral_pub", {}, wrapped),
        Node("primary_identity_pub", {}, identity),
        Node("link_code_pairing_ref", {}, ref),
    )
    content = Node(TAG, {"stage": "primary_hello"}, parts)
    attrs: dict[str, str | Jid] = {"from": SERVER_JID, "type": TAG, "id": id, "t": str(int(now))}
    return Node("notification", attrs, (content,))


def _adv_secret(finish: Finish, shared: bytes, account: KeyPair) -> bytes:
    """The secret that the companion's identity is signed with. A wrong code shows here: it does not open."""
    salt, nonce = finish.bundle[:_SALT], finish.bundle[_SALT : _SALT + _NONCE]
    key = HKDF(hashes.SHA256(), 32, salt, b"link_code_pairing_key_bundle_encryption_key").derive(shared)
    try:
        opened = AESGCM(key).decrypt(nonce, finish.bundle[_SALT + _NONCE :], None)
    except (InvalidTag, ValueError) as error:
        raise SandboxError(SANDBOX_INVALID, "That is not the code that the device shows.") from error
    if opened[:64] != finish.identity + account.public or len(opened) != 96:
        raise SandboxError(SANDBOX_INVALID, "The keys of the device that showed the code are others.")
    secret = shared + account.agree(finish.identity) + opened[64:]
    return HKDF(hashes.SHA256(), 32, None, b"adv_secret").derive(secret)


async def _opened(wrapped: bytes, code: str) -> bytes:
    salt, iv, body = wrapped[:_SALT], wrapped[_SALT : _SALT + _IV], wrapped[_SALT + _IV :]
    return await _crypt(body, code, salt, iv)


async def _crypt(data: bytes, code: str, salt: bytes, iv: bytes) -> bytes:
    # 131072 rounds take 50 ms: not in the loop.
    key = await asyncio.to_thread(hashlib.pbkdf2_hmac, "sha256", code.encode(), salt, _ROUNDS, 32)
    cipher = Cipher(AES256(key), CTR(iv)).encryptor()
    return cipher.update(data) + cipher.finalize()
