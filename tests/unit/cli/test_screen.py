import pytest

from waypost.cli.screen import drawn, shown

COLUMNS = ("name", "says", "=uuid")
ROWS = [["shop", "hello", "0" * 36], ["日本", "", "1" * 36]]


def test_rows_stand_below_the_names_of_their_columns() -> None:
    assert drawn(COLUMNS, ROWS, 80).plain.splitlines() == [
        "name  says   uuid",
        f"shop  hello  {'0' * 36}",
        f"日本         {'1' * 36}",
    ]


def test_a_narrow_terminal_gets_two_lines_in_the_place_of_cut_ones() -> None:
    assert drawn(COLUMNS, ROWS, 48).plain.splitlines() == [
        "shop  hello",
        f"    {'0' * 36}",
        "日本",
        f"    {'1' * 36}",
    ]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (True, "yes"),
        (["a", 1], "a, 1"),
        ("two\nlines", "two lines"),
        ("\x1b[31mred\x07", "[31mred"),
        ("\u202eturned", "turned"),
        ("👩\u200d🔧", "👩\u200d🔧"),
        ({"a": "\x1b"}, '{"a": "\\u001b"}'),
    ],
)
def test_a_cell_is_one_line_that_steers_no_terminal(value: object, cell: str) -> None:
    assert shown(value) == cell
