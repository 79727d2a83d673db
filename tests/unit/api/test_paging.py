"""Which part of a list is asked for: no text of a caller gets past the limits."""

import pytest

from waypost.api.paging import cursor, number
from waypost.errors import InvalidRequest


@pytest.mark.parametrize(("text", "found"), [(None, 50), ("1", 1), ("500", 500), ("007", 7)])
def test_a_number_within_its_limits_is_taken(text: str | None, found: int) -> None:
    assert number(text, "limit", 50, 1, 500) == found


@pytest.mark.parametrize(
    "text",
    ["0", "501", "-1", "x", "1.0", "٣", " 7", "000000001999999999", "0" * 17 + "501", "9" * 5000],
    ids=["zero", "above", "below", "letter", "fraction", "arabic", "blank", "padded", "longer", "endless"],
)
def test_a_number_beyond_its_limits_is_refused_however_it_is_written(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        number(text, "limit", 50, 1, 500)
    assert refused.value.errors == {"limit": ["The limit must be 1 to 500."]}


@pytest.mark.parametrize("text", ["x", "-1", "9" * 5000], ids=["letter", "below", "endless"])
def test_a_cursor_that_no_page_has_told_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        cursor(text)


def test_a_cursor_is_where_the_page_begins() -> None:
    assert (cursor(None), cursor("17")) == (None, 17)
