"""Noise_XX_25519_AESGCM_SHA256 as WhatsApp frames it (Noise Protocol Framework, revision 34).

Sans-IO: frames in, frames out. Both sides are here because a test needs the one that it does not test. Unlike
plain Noise, each handshake message is a protobuf, and only the server's payload is a certificate chain.
"""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from google.protobuf.message import DecodeError

from .curve import KeyPair, Randomness
from .errors import WireError
from .frames import PROLOGUE
from .proto.handshake_pb2 import ClientPayload, HandshakeMessage

_PROTOCOL: Final = b"Noise_XX_25519_AESGCM_SHA256".ljust(32, b"\x00")  # 32 bytes, hence not hashed
_Hello = HandshakeMessage.Hello


def _derive(secret: bytes, salt: bytes) -> tuple[bytes, bytes]:
    okm = HKDF(hashes.SHA256(), 64, salt, b"").derive(secret)
    return okm[:32], okm[32:]


def _hash(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(data)
    return digest.finalize()


class _Cipher:
    """One direction's AES-256-GCM with its message counter."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)
        self._counter = 0

    def _iv(self) -> bytes:
        if self._counter > 0xFFFFFFFF:
            raise WireError("A connection has used up its counter.")
        iv = self._counter.to_bytes(12, "big")
        self._counter += 1
        return iv

    def encrypt(self, plaintext: bytes, associated: bytes = b"") -> bytes:
        return self._aead.encrypt(self._iv(), plaintext, associated)

    def decrypt(self, ciphertext: bytes, associated: bytes = b"") -> bytes:
        try:
            return self._aead.decrypt(self._iv(), ciphertext, associated)
        except InvalidTag as error:
            raise WireError("A frame can't be decrypted.") from error


class Transport:
    """The two ciphers of a connection whose handshake is done.

    Payloads have to pass in the order of the socket.
    """

    def __init__(self, sending: bytes, receiving: bytes) -> None:
        self._sending = _Cipher(sending)
        self._receiving = _Cipher(receiving)

    def encrypt(self, plaintext: bytes) -> bytes:
        """The payload of the next frame to send."""
        return self._sending.encrypt(plaintext)

    def decrypt(self, payload: bytes) -> bytes:
        """What the next frame received says; a forged or reordered one raises WireError."""
        return self._receiving.decrypt(payload)


class _Symmetric:
    """The running hash and chaining key of a handshake."""

    def __init__(self) -> None:
        self._hash = self._chain = _PROTOCOL
        self._cipher = _Cipher(_PROTOCOL)
        self.mix_hash(PROLOGUE)

    def mix_hash(self, data: bytes) -> None:
        self._hash = _hash(self._hash + data)

    def mix_key(self, secret: bytes) -> None:
        self._chain, key = _derive(secret, self._chain)
        self._cipher = _Cipher(key)

    def encrypt(self, plaintext: bytes) -> bytes:
        ciphertext = self._cipher.encrypt(plaintext, self._hash)
        self.mix_hash(ciphertext)
        return ciphertext

    def decrypt(self, ciphertext: bytes) -> bytes:
        plaintext = self._cipher.decrypt(ciphertext, self._hash)
        self.mix_hash(ciphertext)
        return plaintext

    def split(self) -> tuple[bytes, bytes]:
        """Keys of client → server and of server → client."""
        return _derive(b"", self._chain)


def _parse(payload: bytes) -> HandshakeMessage:
    try:
        return HandshakeMessage.FromString(payload)
    except DecodeError as error:
        raise WireError("A handshake message can't be read.") from error


class Handshake:
    """The server's side: `on_hello`, then `on_finish`, once each.

    `chain` is what `certificate.issue` made.
    """

    def __init__(self, static: KeyPair, chain: bytes, randomness: Randomness) -> None:
        self._static = static
        self._chain = chain
        self._ephemeral = KeyPair.generate(randomness)
        self._state = _Symmetric()
        self._step = 0

    def _advance(self, step: int) -> None:
        if self._step != step:
            raise WireError("A handshake message comes out of turn.")
        self._step += 1

    def on_hello(self, payload: bytes) -> bytes:
        """Answer the client's first frame with the payload of the server's."""
        self._advance(0)
        theirs = _parse(payload).client_hello.ephemeral
        state = self._state
        state.mix_hash(theirs)
        state.mix_hash(self._ephemeral.public)
        state.mix_key(self._ephemeral.agree(theirs))
        static = state.encrypt(self._static.public)
        state.mix_key(self._static.agree(theirs))
        hello = _Hello(ephemeral=self._ephemeral.public, static=static, payload=state.encrypt(self._chain))
        return HandshakeMessage(server_hello=hello).SerializeToString()

    def on_finish(self, payload: bytes) -> tuple[ClientPayload, bytes, Transport]:
        """Read the client's second frame: login or registration, static key (32 bytes), ciphers."""
        self._advance(1)
        finish = _parse(payload).client_finish
        state = self._state
        static = state.decrypt(finish.static)
        state.mix_key(self._ephemeral.agree(static))
        try:
            client = ClientPayload.FromString(state.decrypt(finish.payload))
        except DecodeError as error:
            raise WireError("A client's login can't be read.") from error
        incoming, outgoing = state.split()
        return client, static, Transport(outgoing, incoming)


class Initiator:
    """The client's side: send `hello()`, then what `on_hello` gives. The chain is handed out, not judged."""

    def __init__(self, static: KeyPair, randomness: Randomness) -> None:
        self._static = static
        self._ephemeral = KeyPair.generate(randomness)
        self._state = _Symmetric()

    def hello(self) -> bytes:
        """The payload of the first frame."""
        self._state.mix_hash(self._ephemeral.public)
        return HandshakeMessage(client_hello=_Hello(ephemeral=self._ephemeral.public)).SerializeToString()

    def on_hello(self, payload: bytes, client: ClientPayload) -> tuple[bytes, bytes, bytes, Transport]:
        """Read the server's hello: the payload to answer with, the server's static key, its chain, ciphers.

        Check the chain by `certificate.verify` before anything is sent over the transport.
        """
        hello = _parse(payload).server_hello
        state = self._state
        state.mix_hash(hello.ephemeral)
        state.mix_key(self._ephemeral.agree(hello.ephemeral))
        static = state.decrypt(hello.static)
        state.mix_key(self._ephemeral.agree(static))
        chain = state.decrypt(hello.payload)
        mine = state.encrypt(self._static.public)
        state.mix_key(self._static.agree(hello.ephemeral))
        finish = HandshakeMessage.Finish(static=mine, payload=state.encrypt(client.SerializeToString()))
        outgoing, incoming = state.split()
        answer = HandshakeMessage(client_finish=finish).SerializeToString()
        return answer, static, chain, Transport(outgoing, incoming)
