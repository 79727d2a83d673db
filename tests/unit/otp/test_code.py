import random

import pytest

from waypost.errors import InvalidRequest
from waypost.otp.code import digest, draw, draw_for_link


@pytest.mark.parametrize(
    ("letters", "numbers", "capital", "drawn_from"),
    [
        (False, True, False, "0123456789"),
        (True, False, False, "abcdefghijklmnopqrstuvwxyz"),
        (True, False, True, "ABCDEFGHJKMNPQRSTUVWXYZ"),
        (True, True, True, "0123456789ABCDEFGHJKMNPQRSTUVWXYZ"),
    ],
)
def test_a_code_is_drawn_from_what_was_asked_for(
    letters: bool, numbers: bool, capital: bool, drawn_from: str
) -> None:
    def code(uuid: str) -> str:
        return draw(b"key", uuid, length=10, letters=letters, numbers=numbers, capital=capital)

    codes = [code(str(number)) for number in range(200)]
    assert {len(code) for code in codes} == {10}
    assert len(set(codes)) == 200
    assert set("".join(codes)) == set(drawn_from)


def test_a_code_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        draw(b"key", "u1", length=6, letters=False, numbers=False, capital=True)


def test_a_code_is_drawn_again_from_its_uuid_and_by_nobody_without_the_key() -> None:
    def code(key: bytes, uuid: str) -> str:
        return draw(key, uuid, length=10, letters=True, numbers=True, capital=False)

    assert code(b"key", "u1") == code(b"key", "u1")
    assert len({code(b"key", "u1"), code(b"other", "u1"), code(b"key", "u2")}) == 3


def test_what_is_kept_depends_on_the_key_and_on_whom_it_is_for() -> None:
    kept = {
        digest(key, instance, chat, "123456")
        for key in (b"a", b"b")
        for instance in ("i1", "i2")
        for chat in ("c1", "c2")
    }
    assert len(kept) == 8
    assert digest(b"a", "ab", "c") != digest(b"a", "a", "bc")
    assert len(draw_for_link(random.Random(1))) == 8
