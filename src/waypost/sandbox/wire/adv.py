import hmac
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError

from . import xeddsa
from .curve import KeyPair, Randomness
from .errors import WireError
from .proto.adv_pb2 import END_TO_END, DeviceIdentity, SignedDeviceIdentity, SignedDeviceIdentityHmac

_ACCOUNT_PREFIX: Final = b"\x06\x00"
_DEVICE_PREFIX: Final = b"\x06\x01"


@dataclass(frozen=True, slots=True)
class Grant:
    """An account's consent to a companion. `container` goes to the companion; the rest checks its answer."""

    container: bytes  # SignedDeviceIdentityHmac
    details: bytes  # DeviceIdentity, the bytes that were signed
    account_public: bytes  # 32 bytes
    account_signature: bytes  # 64 bytes
    key_index: int


def grant(
    account: KeyPair,
    companion_identity: bytes,
    adv_secret: bytes,
    *,
    raw_id: int,
    key_index: int,
    timestamp: int,
    randomness: Randomness,
) -> Grant:
    """What the phone signs to link a companion; identity key and secret (32 bytes) come from the QR code.

    `raw_id` numbers the account's list of devices, `key_index` (from 1) the device in it; `timestamp` is unix
    seconds.
    """
    details = DeviceIdentity(
        raw_id=raw_id,
        timestamp=timestamp,
        key_index=key_index,
        account_type=END_TO_END,
        device_type=END_TO_END,
    ).SerializeToString()
    signature = xeddsa.sign(account.private, _ACCOUNT_PREFIX + details + companion_identity, randomness)
    signed = SignedDeviceIdentity(
        details=details, account_key=account.public, account_signature=signature
    ).SerializeToString()
    container = SignedDeviceIdentityHmac(details=signed, hmac=hmac.digest(adv_secret, signed, "sha256"))
    return Grant(container.SerializeToString(), details, account.public, signature, key_index)


def accept_device_signature(given: Grant, companion_identity: bytes, answer: bytes) -> bytes:
    """Check the companion's answer (content of `device-identity`) to a grant, or raise WireError.

    Returns the signed device identity as it travels beside pre-key messages of that device, without the
    account's key.
    """
    try:
        signed = SignedDeviceIdentity.FromString(answer)
    except DecodeError as error:
        raise WireError("A signed device identity can't be read.") from error
    if signed.details != given.details or signed.account_signature != given.account_signature:
        raise WireError("A companion answers with another device identity than it was given.")
    message = _DEVICE_PREFIX + given.details + companion_identity + given.account_public
    if not xeddsa.verify(companion_identity, message, signed.device_signature):
        raise WireError("The device's signature is wrong.")
    signed.ClearField("account_key")
    return signed.SerializeToString()


def read_grant(container: bytes, companion_identity: bytes, adv_secret: bytes) -> SignedDeviceIdentity:
    """The companion's side: what a container holds, or WireError when its HMAC or signature is wrong."""
    try:
        outer = SignedDeviceIdentityHmac.FromString(container)
        signed = SignedDeviceIdentity.FromString(outer.details)
    except DecodeError as error:
        raise WireError("A device identity can't be read.") from error
    if not hmac.compare_digest(outer.hmac, hmac.digest(adv_secret, outer.details, "sha256")):
        raise WireError("The HMAC of a device identity is wrong.")
    if not xeddsa.verify(
        signed.account_key, _ACCOUNT_PREFIX + signed.details + companion_identity, signed.account_signature
    ):
        raise WireError("The account's signature of a device identity is wrong.")
    return signed


def countersign(signed: SignedDeviceIdentity, companion: KeyPair, randomness: Randomness) -> bytes:
    """The companion's side: the answer to a grant that `read_grant` accepted, with the device's signature."""
    message = _DEVICE_PREFIX + signed.details + companion.public + signed.account_key
    answer = SignedDeviceIdentity(
        details=signed.details,
        account_signature=signed.account_signature,
        device_signature=xeddsa.sign(companion.private, message, randomness),
    )
    return answer.SerializeToString()
