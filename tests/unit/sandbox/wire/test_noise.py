import os
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from waypost.sandbox.wire import certificate
from waypost.sandbox.wire.curve import KeyPair
from waypost.sandbox.wire.errors import WireError
from waypost.sandbox.wire.frames import PROLOGUE, Framer, frame
from waypost.sandbox.wire.noise import Handshake, Initiator, Transport
from waypost.sandbox.wire.proto.handshake_pb2 import ClientPayload, HandshakeMessage

_static = KeyPair.generate(os.urandom)
_root = KeyPair.generate(os.urandom)
_chain = certificate.issue(_root, _static.public, 0, 2**32, os.urandom)


def _server() -> Handshake:
    return Handshake(_static, _chain, os.urandom)


def _connect() -> tuple[Transport, Transport]:
    server, client = _server(), Initiator(KeyPair.generate(os.urandom), os.urandom)
    answer, _, _, theirs = client.on_hello(server.on_hello(client.hello()), ClientPayload(username=1))
    return server.on_finish(answer)[2], theirs


def test_a_handshake_gives_both_sides_one_another() -> None:
    server, own = _server(), KeyPair.generate(os.urandom)
    client = Initiator(own, os.urandom)
    answer, static, chain, theirs = client.on_hello(
        server.on_hello(client.hello()), ClientPayload(username=5511, device=7)
    )
    payload, seen, ours = server.on_finish(answer)
    assert (static, chain, seen) == (_static.public, _chain, own.public)
    assert (payload.username, payload.device) == (5511, 7)
    certificate.verify(chain, _root.public, static, now=1)
    for text in (b"one", b"", b"x" * 70_000):
        assert ours.decrypt(theirs.encrypt(text)) == text
        assert theirs.decrypt(ours.encrypt(text)) == text


def test_a_client_written_apart_agrees_with_the_server() -> None:
    """The pattern XX spelled out with another X25519, from the fact sheet of the framework alone."""

    def hkdf(secret: bytes, salt: bytes) -> bytes:
        return HKDF(SHA256(), 64, salt, b"").derive(secret)

    def dh(key: X25519PrivateKey, public: bytes) -> bytes:
        return key.exchange(X25519PublicKey.from_public_bytes(public))

    ephemeral, static, nonce = X25519PrivateKey.generate(), X25519PrivateKey.generate(), b"\x00" * 12
    server = _server()
    hello = HandshakeMessage(
        client_hello=HandshakeMessage.Hello(ephemeral=ephemeral.public_key().public_bytes_raw())
    )
    answer = HandshakeMessage.FromString(server.on_hello(hello.SerializeToString())).server_hello

    name = b"Noise_XX_25519_AESGCM_SHA256" + bytes(4)
    h = sha256(name + b"WA\x06\x03").digest()
    h = sha256(h + ephemeral.public_key().public_bytes_raw()).digest()
    h = sha256(h + answer.ephemeral).digest()
    okm = hkdf(dh(ephemeral, answer.ephemeral), name)
    remote = AESGCM(okm[32:]).decrypt(nonce, answer.static, h)
    assert remote == _static.public
    h = sha256(h + answer.static).digest()
    okm = hkdf(dh(ephemeral, remote), okm[:32])
    assert AESGCM(okm[32:]).decrypt(nonce, answer.payload, h) == _chain
    h = sha256(h + answer.payload).digest()
    # The client's static key goes out under the same key as the payload before it, so its nonce is 1.
    sealed = AESGCM(okm[32:]).encrypt(b"\x00" * 11 + b"\x01", static.public_key().public_bytes_raw(), h)
    h = sha256(h + sealed).digest()
    okm = hkdf(dh(static, answer.ephemeral), okm[:32])
    payload = AESGCM(okm[32:]).encrypt(nonce, ClientPayload(username=9).SerializeToString(), h)
    finish = HandshakeMessage(client_finish=HandshakeMessage.Finish(static=sealed, payload=payload))
    client, seen, transport = server.on_finish(finish.SerializeToString())

    assert client.username == 9
    assert seen == static.public_key().public_bytes_raw()
    okm = hkdf(b"", okm[:32])
    assert transport.decrypt(AESGCM(okm[:32]).encrypt(nonce, b"up", b"")) == b"up"
    assert AESGCM(okm[32:]).decrypt(nonce, transport.encrypt(b"down"), b"") == b"down"


def test_a_repeated_or_forged_frame_is_a_wire_error() -> None:
    ours, theirs = _connect()
    sealed = theirs.encrypt(b"once")
    assert ours.decrypt(sealed) == b"once"
    with pytest.raises(WireError):
        ours.decrypt(sealed)
    with pytest.raises(WireError):
        _connect()[0].decrypt(b"\x00" * 40)


def test_a_handshake_out_of_turn_is_a_wire_error() -> None:
    with pytest.raises(WireError, match="turn"):
        _server().on_finish(b"")
    server, client = _server(), Initiator(_static, os.urandom)
    hello = client.hello()
    server.on_hello(hello)
    with pytest.raises(WireError, match="turn"):
        server.on_hello(hello)


def test_a_degenerate_ephemeral_key_is_a_wire_error() -> None:
    for key in (bytes(32), b"\x01" + bytes(31), bytes(31), b""):
        hello = HandshakeMessage(client_hello=HandshakeMessage.Hello(ephemeral=key))
        with pytest.raises(WireError):
            _server().on_hello(hello.SerializeToString())


@given(st.binary(max_size=200))
def test_random_bytes_in_a_handshake_are_a_wire_error(data: bytes) -> None:
    with pytest.raises(WireError):
        _server().on_hello(data)
    server = _server()
    server.on_hello(Initiator(_static, os.urandom).hello())
    with pytest.raises(WireError):
        server.on_finish(data)


@given(st.lists(st.binary(max_size=50), max_size=8), st.data())
def test_frames_come_out_whole_however_the_stream_is_cut(payloads: list[bytes], data: st.DataObject) -> None:
    routing = data.draw(st.sampled_from([b"", b"\xed\x00\x01\x00\x00\x04hint", b"\xed\x00\x01\x00\x00\x00"]))
    stream = routing + PROLOGUE + b"".join(map(frame, payloads))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    framer, seen = Framer(opening=True), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        seen += framer.feed(stream[start:end])
    assert seen == payloads


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1", b"WA\x06\x02", b"\xed\x00\x01\x00\x00\x01xGET", b"\xed\x01"]
)
def test_another_opening_is_refused_at_once(data: bytes) -> None:
    with pytest.raises(WireError, match="prologue"):
        Framer(opening=True).feed(data)


def test_an_oversized_frame_is_refused_by_its_length_alone() -> None:
    framer = Framer(opening=False, max_frame=100)
    assert framer.feed(frame(bytes(100))) == [bytes(100)]
    with pytest.raises(WireError, match="large"):
        framer.feed(b"\x00\x00\x65")
