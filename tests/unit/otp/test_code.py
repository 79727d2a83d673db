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
    rng = random.Random(3)
    codes = [draw(rng, length=10, letters=letters, numbers=numbers, capital=capital) for _ in range(200)]
    assert {len(code) for code in codes} == {10}
    assert set("".join(codes)) == set(drawn_from)


def test_a_code_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        draw(random.Random(1), length=6, letters=False, numbers=False, capital=True)


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
