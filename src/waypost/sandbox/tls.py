"""The sandbox's own certificate authority and the leaf that its listener shows.

The authority is kept in the data folder so that a client may trust it once; the leaf is made anew at each
start, since nobody stores it. P-256 and serverAuth are what Go and Node both accept.
"""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_NAMES: Final = ("web.whatsapp.com", "*.whatsapp.net", "localhost")
_AUTHORITY_DAYS: Final = 3650
_LEAF_DAYS: Final = 397
"""Longer leaves are refused by some clients."""
_SKEW: Final = timedelta(days=1)
"""Valid since yesterday, so that a client whose clock is behind still connects."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Paths of what the TLS listener loads (`leaf`: certificate and key in one PEM) and the authority to
    trust."""

    leaf: Path
    authority_pem: str


def open_trust(folder: Path, now: float, host: str) -> Trust:
    """The authority of `folder`, made on first use, and a fresh leaf signed by it for `host` and the fixed
    names."""
    moment = datetime.fromtimestamp(now, UTC)
    key_path, certificate_path = folder / "ca.key", folder / "ca.pem"
    if not certificate_path.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        _write(key_path, _key_pem(key))
        _write(certificate_path, _authority(key, moment).public_bytes(serialization.Encoding.PEM))
    authority_pem = certificate_path.read_bytes()
    key = _load_key(key_path)
    leaf_path = folder / "leaf.pem"
    _write(leaf_path, _leaf(key, moment, host))
    return Trust(leaf_path, authority_pem.decode("ascii"))


def _load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{path} is not a P-256 key")
    return key


def _write(path: Path, content: bytes) -> None:
    partial = path.with_suffix(".partial")
    partial.touch(mode=0o600)
    partial.write_bytes(content)
    partial.replace(path)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: str, public: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name("Waypost sandbox authority"))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + timedelta(days=days))
    )


def _authority(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _builder("Waypost sandbox authority", key.public_key(), now, _AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _leaf(key: ec.EllipticCurvePrivateKey, now: datetime, host: str) -> bytes:
    own = ec.generate_private_key(ec.SECP256R1())
    addresses = {ipaddress.ip_address(address) for address in ("127.0.0.1", "::1", host)}
    names = [x509.DNSName(name) for name in _NAMES]
    names_and_addresses = [*names, *(x509.IPAddress(address) for address in sorted(addresses, key=str))]
    certificate = (
        _builder("Waypost sandbox", own.public_key(), now, _LEAF_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names_and_addresses), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM) + _key_pem(own)
