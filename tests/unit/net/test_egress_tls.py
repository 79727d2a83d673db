import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.unit.net.test_egress import LIMITS, MEDIA, Names, answer, failing, giving, serving

from waypost.errors import URL_UNREACHABLE
from waypost.net.allow import AllowList
from waypost.net.egress import Egress


@pytest.fixture
def server_tls(tmp_path: Path) -> ssl.SSLContext:
    """A server that is called files.test, by a certificate that it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "files.test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("files.test")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    return context


async def test_the_certificate_is_checked_against_the_name_and_not_the_address(
    server_tls: ssl.SSLContext, tmp_path: Path
) -> None:
    asked: list[str | None] = []
    server_tls.sni_callback = lambda _socket, name, _context: asked.append(name)
    trusting = ssl.create_default_context(cafile=tmp_path / "cert.pem")
    names = Names(files_test=[["127.0.0.1"]], other_test=[["127.0.0.1"]])
    async with serving(giving(answer(MEDIA)), server_tls) as port:
        fetcher = Egress(AllowList.parse([f"127.0.0.1:{port}"]), names, LIMITS, trusting)
        fetched = await fetcher.fetch(f"https://files.test:{port}/", tmp_path / "file")
        assert fetched.size == len(MEDIA)
        error = await failing(fetcher, f"https://other.test:{port}/", tmp_path)
    assert (error.code, error.facts["reason"], error.fault.retryable) == (URL_UNREACHABLE.code, "tls", False)
    assert asked == ["files.test", "other.test"]


async def test_an_unknown_authority_is_not_trusted(server_tls: ssl.SSLContext, tmp_path: Path) -> None:
    names = Names(files_test=[["127.0.0.1"]])
    async with serving(giving(answer(MEDIA)), server_tls) as port:
        fetcher = Egress(AllowList.parse([f"127.0.0.1:{port}"]), names, LIMITS)
        error = await failing(fetcher, f"https://files.test:{port}/", tmp_path)
    assert (error.code, error.facts["reason"]) == (URL_UNREACHABLE.code, "tls")
