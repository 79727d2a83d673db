import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.operations.vcard import display_name, vcard_of


@given(st.text(alphabet=st.characters(exclude_categories=["C", "Z"]), min_size=1))
def test_a_name_comes_out_of_the_card_as_it_went_in(name: str) -> None:
    assert display_name(vcard_of(name, "+1", None, None)) == name


@given(st.text(max_size=50), st.text(max_size=50), st.text(max_size=50))
def test_no_field_can_add_a_line_to_the_card(name: str, number: str, organization: str) -> None:
    lines = vcard_of(name, number, organization or None, "447700900102").splitlines()
    if not any(sign in name + number + organization for sign in "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"):
        assert len(lines) == 6 + bool(organization)


@pytest.mark.parametrize(
    ("card", "name"),
    [
        ("BEGIN:VCARD\r\nFN:Ann\r\nEND:VCARD", "Ann"),
        ("BEGIN:VCARD\nfn;charset=utf-8:Ann\nEND:VCARD", "Ann"),
        ("BEGIN:VCARD\nitem1.FN:Ann\\, Ltd\\; x\\\\y\nEND:VCARD", "Ann, Ltd; x\\y"),
        ("BEGIN:VCARD\nFN:A lo\n ng name\nEND:VCARD", "A long name"),
        ("BEGIN:VCARD\nN:Ann;;;;\nEND:VCARD", ""),
    ],
)
def test_the_name_is_found_as_cards_really_write_it(card: str, name: str) -> None:
    assert display_name(card) == name


@pytest.mark.parametrize(
    ("account", "parameter"),
    [
        ("447700900102", ";waid=447700900102"),
        ("447700900102@c.us", ";waid=447700900102"),
        (None, ""),
        ("@", ""),
    ],
)
def test_the_account_is_named_by_its_digits(account: str | None, parameter: str) -> None:
    card = vcard_of("Ann", "+44 7700 900102", None, account)
    assert f"TEL;type=CELL;type=VOICE{parameter}:+44 7700 900102" in card.split("\n")
