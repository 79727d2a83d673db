import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.sandbox.wire import adv, certificate, xeddsa
from waypost.sandbox.wire.curve import KeyPair
from waypost.sandbox.wire.errors import WireError
from waypost.sandbox.wire.proto.adv_pb2 import DeviceIdentity, SignedDeviceIdentity

_root = KeyPair.generate(os.urandom)
_server = KeyPair.generate(os.urandom)
_account = KeyPair.generate(os.urandom)
_companion = KeyPair.generate(os.urandom)
_secret = bytes(range(32))


def _grant() -> adv.Grant:
    return adv.grant(
        _account,
        _companion.public,
        _secret,
        raw_id=77,
        key_index=2,
        timestamp=1_700_000_000,
        randomness=os.urandom,
    )


def test_keys_agree_as_in_rfc_7748() -> None:
    """RFC 7748, section 6.1."""
    bob = KeyPair.of(bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"))
    alice = bytes.fromhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
    assert bob.public.hex() == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
    assert bob.agree(alice).hex() == "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"


def test_a_signature_of_libsignal_verifies() -> None:
    """The vector of libsignal's own tests of its curve."""
    public = bytes.fromhex("ab7e717d4a163b7d9a1d8071dfe9dcf8cdcd1cea3339b6356be84d887e322c64")
    message = bytes.fromhex("05edce9d9c415ca78cb7252e72c2c4a554d3eb29485a0e1d503118d1a82d99fb4a")
    signature = bytes.fromhex(
        "5de88ca9a89b4a115da79109c67c9c7464a3e4180274f1cb8c63c2984e286dfb"
        "ede82deb9dcd9fae0bfbb821569b3d9001bd8130cd11d486cef047bd60b86e88"
    )
    assert xeddsa.verify(public, message, signature)
    for position in range(64):
        forged = bytearray(signature)
        forged[position] ^= 1
        assert not xeddsa.verify(public, message, bytes(forged))


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=100))
def test_what_a_key_signs_verifies_for_it_alone(private: bytes, message: bytes) -> None:
    pair = KeyPair.of(private)
    signature = xeddsa.sign(pair.private, message, os.urandom)
    assert xeddsa.verify(pair.public, message, signature)
    assert not xeddsa.verify(pair.public, message + b"!", signature)
    assert not xeddsa.verify(_account.public, message, signature)


@given(st.binary(max_size=40), st.binary(max_size=80))
def test_verifying_random_bytes_never_raises(public: bytes, signature: bytes) -> None:
    assert not xeddsa.verify(public, b"message", signature)
    assert not xeddsa.verify(b"\xec" + b"\xff" * 30 + b"\x7f", b"message", signature)  # u = -1


def test_a_private_key_stays_out_of_reprs() -> None:
    assert _account.private.hex() not in repr(_account)
    assert repr(_account.private) not in repr(_account)


def test_a_certificate_chain_holds_for_its_root_key_and_time_alone() -> None:
    chain = certificate.issue(_root, _server.public, 100, 200, os.urandom)
    certificate.verify(chain, _root.public, _server.public, 150)
    with pytest.raises(WireError, match="root"):
        certificate.verify(chain, _account.public, _server.public, 150)
    with pytest.raises(WireError, match="another key"):
        certificate.verify(chain, _root.public, _account.public, 150)
    for now in (99, 201):
        with pytest.raises(WireError, match="not valid now"):
            certificate.verify(chain, _root.public, _server.public, now)


@given(st.binary(max_size=200))
def test_random_bytes_as_a_certificate_chain_are_a_wire_error(chain: bytes) -> None:
    with pytest.raises(WireError):
        certificate.verify(chain, _root.public, _server.public, 150)


def test_a_companion_accepts_its_grant_and_the_phone_its_answer() -> None:
    given_ = _grant()
    signed = adv.read_grant(given_.container, _companion.public, _secret)
    details = DeviceIdentity.FromString(signed.details)
    assert (details.raw_id, details.key_index, details.timestamp) == (77, 2, 1_700_000_000)
    kept = adv.accept_device_signature(
        given_, _companion.public, adv.countersign(signed, _companion, os.urandom)
    )
    assert not SignedDeviceIdentity.FromString(kept).HasField("account_key")
    assert SignedDeviceIdentity.FromString(kept).device_signature


def test_a_grant_is_refused_with_another_secret_or_identity() -> None:
    container = _grant().container
    with pytest.raises(WireError, match="HMAC"):
        adv.read_grant(container, _companion.public, bytes(32))
    with pytest.raises(WireError, match="account"):
        adv.read_grant(container, _account.public, _secret)


def test_an_answer_of_another_device_or_to_another_grant_is_refused() -> None:
    given_ = _grant()
    signed = adv.read_grant(given_.container, _companion.public, _secret)
    with pytest.raises(WireError, match="signature"):
        adv.accept_device_signature(given_, _companion.public, adv.countersign(signed, _account, os.urandom))
    answer = adv.countersign(signed, _companion, os.urandom)
    with pytest.raises(WireError, match="another"):
        adv.accept_device_signature(replace(given_, details=b"other"), _companion.public, answer)


@given(st.binary(max_size=200))
def test_random_bytes_as_a_device_identity_are_a_wire_error(data: bytes) -> None:
    with pytest.raises(WireError):
        adv.accept_device_signature(_grant(), _companion.public, data)
    with pytest.raises(WireError):
        adv.read_grant(data, _companion.public, _secret)
