from dataclasses import dataclass

from waypost.sandbox.wire import xeddsa
from waypost.sandbox.wire.curve import KeyPair, Randomness, typed

from .errors import Reason, SignalError


@dataclass(frozen=True, slots=True)
class SignedPreKey:
    """A medium-term key that its owner's identity signed; `id` is below 2**24, the signature has 64 bytes."""

    id: int
    pair: KeyPair
    signature: bytes

    @classmethod
    def make(cls, identity: KeyPair, id: int, randomness: Randomness) -> "SignedPreKey":
        """A new key, signed."""
        pair = KeyPair.generate(randomness)
        return cls(id, pair, xeddsa.sign(identity.private, typed(pair.public), randomness))


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a device publishes so that others can start a session with it; public keys of 32 bytes.

    The one-time pre-key may be missing when the device has run out.
    """

    registration_id: int
    identity: bytes
    signed_prekey_id: int
    signed_prekey: bytes
    signature: bytes
    prekey_id: int | None = None
    prekey: bytes | None = None

    def check(self) -> None:
        """Raise SignalError unless the identity signed the signed pre-key."""
        if not xeddsa.verify(self.identity, typed(self.signed_prekey), self.signature):
            raise SignalError(Reason.BAD_SIGNATURE, "The signature of a signed pre-key is wrong.")


@dataclass(frozen=True, slots=True)
class Party:
    """A device that speaks Signal.

    One-time pre-keys and sessions are kept elsewhere and handed to each call.
    """

    identity: KeyPair
    registration_id: int
    signed_prekey: SignedPreKey

    @classmethod
    def generate(cls, randomness: Randomness) -> "Party":
        """A new device."""
        identity = KeyPair.generate(randomness)
        # Signal's registration ids have 14 bits and are never 0.
        registration_id = int.from_bytes(randomness(2), "big") % 16380 + 1
        return cls(identity, registration_id, SignedPreKey.make(identity, 1, randomness))

    def bundle(self, prekey_id: int | None = None, prekey: bytes | None = None) -> Bundle:
        """This party's bundle with one of its one-time pre-keys (id and public key)."""
        signed = self.signed_prekey
        return Bundle(
            registration_id=self.registration_id,
            identity=self.identity.public,
            signed_prekey_id=signed.id,
            signed_prekey=signed.pair.public,
            signature=signed.signature,
            prekey_id=prekey_id,
            prekey=prekey,
        )
