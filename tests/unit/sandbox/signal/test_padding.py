import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.sandbox.signal.errors import SignalError
from waypost.sandbox.signal.padding import pad, unpad


@given(st.binary(max_size=100), st.binary(min_size=1, max_size=1))
def test_padding_comes_off_again(message: bytes, chance: bytes) -> None:
    padded = pad(message, lambda size: chance * size)
    assert 1 <= len(padded) - len(message) <= 15
    assert unpad(padded) == message


@pytest.mark.parametrize("plaintext", [b"", b"\x00", b"abc\x09", b"abc\x01\x02", b"\x5c\x08\x8e\xba\xff"])
def test_what_is_not_padded_is_a_signal_error(plaintext: bytes) -> None:
    with pytest.raises(SignalError):
        unpad(plaintext)
