import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.sandbox.wire.errors import WireError
from waypost.sandbox.wire.media import MediaKind, decrypt, encrypt


@given(st.binary(max_size=200), st.sampled_from(MediaKind))
def test_an_encrypted_file_comes_back(data: bytes, kind: MediaKind) -> None:
    file = encrypt(data, kind, os.urandom(32))
    assert (
        decrypt(
            file.blob,
            kind,
            file.media_key,
            file_sha256=file.file_sha256,
            file_enc_sha256=file.file_enc_sha256,
        )
        == data
    )


def test_each_wrong_part_of_a_file_is_named() -> None:
    file = encrypt(b"voice", MediaKind.AUDIO, bytes(32))
    with pytest.raises(WireError, match="encrypted file"):
        decrypt(file.blob, MediaKind.AUDIO, bytes(32), file_enc_sha256=bytes(32))
    with pytest.raises(WireError, match="decrypted file"):
        decrypt(file.blob, MediaKind.AUDIO, bytes(32), file_sha256=bytes(32))
    with pytest.raises(WireError, match="MAC"):
        decrypt(file.blob, MediaKind.IMAGE, bytes(32))
    with pytest.raises(WireError, match="32 bytes"):
        decrypt(file.blob, MediaKind.AUDIO, bytes(31))


@given(st.binary(max_size=100))
def test_random_bytes_as_a_file_are_a_wire_error(blob: bytes) -> None:
    with pytest.raises(WireError):
        decrypt(blob, MediaKind.AUDIO, bytes(32))


def test_a_media_key_stays_out_of_reprs() -> None:
    file = encrypt(b"voice", MediaKind.AUDIO, b"k" * 32)
    assert "kkkk" not in repr(file)
