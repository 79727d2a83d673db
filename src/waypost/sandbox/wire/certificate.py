from typing import Final

from google.protobuf.message import DecodeError

from . import xeddsa
from .curve import KeyPair, Randomness
from .errors import WireError
from .proto.handshake_pb2 import CertChain

_INTERMEDIATE_SERIAL: Final = 1
_LEAF_SERIAL: Final = 2
_Certificate = CertChain.Certificate


def issue(
    root: KeyPair, leaf_public: bytes, not_before: int, not_after: int, randomness: Randomness
) -> bytes:
    """The chain that a server shows: root → a new intermediate → the server's static key (32 bytes).

    Times are unix seconds. The client compares the intermediate's issuer serial with 0, the root's number.
    """
    intermediate = KeyPair.generate(randomness)

    def signed(serial: int, issuer: int, signer: KeyPair, key: bytes) -> CertChain.Certificate:
        details = _Certificate.Details(
            serial=serial, issuer_serial=issuer, key=key, not_before=not_before, not_after=not_after
        ).SerializeToString()
        return _Certificate(details=details, signature=xeddsa.sign(signer.private, details, randomness))

    return CertChain(
        leaf=signed(_LEAF_SERIAL, _INTERMEDIATE_SERIAL, intermediate, leaf_public),
        intermediate=signed(_INTERMEDIATE_SERIAL, 0, root, intermediate.public),
    ).SerializeToString()


def verify(chain: bytes, root_public: bytes, leaf_public: bytes, now: int) -> None:
    """Check a server's chain as a client does; WireError says what is wrong. `now` is unix seconds."""
    try:
        certificates = CertChain.FromString(chain)
        intermediate = _Certificate.Details.FromString(certificates.intermediate.details)
        leaf = _Certificate.Details.FromString(certificates.leaf.details)
    except DecodeError as error:
        raise WireError("A certificate chain can't be read.") from error
    if not xeddsa.verify(root_public, certificates.intermediate.details, certificates.intermediate.signature):
        raise WireError("The intermediate certificate is not signed by the root.")
    if not xeddsa.verify(intermediate.key, certificates.leaf.details, certificates.leaf.signature):
        raise WireError("The leaf certificate is not signed by the intermediate.")
    if intermediate.issuer_serial != 0 or leaf.issuer_serial != intermediate.serial:
        raise WireError("The serials of a certificate chain do not fit.")
    if leaf.key != leaf_public:
        raise WireError("The leaf certificate is for another key.")
    if not all(part.not_before <= now <= part.not_after for part in (intermediate, leaf)):
        raise WireError("A certificate is not valid now.")
