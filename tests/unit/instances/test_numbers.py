import pytest

from waypost.instances.pairing import same_number


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("4915112345678", "4915112345678"),
        ("5511987654321", "551187654321"),
        ("551187654321", "5511987654321"),
        ("5213312345678", "523312345678"),
        ("5491123456789", "541123456789"),
    ],
)
def test_spellings_of_one_account_are_the_same_number(one: str, other: str) -> None:
    assert same_number(one, other)
    assert same_number(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [("4915112345678", "4915112345679"), ("5511987654321", "551187654322")]
)
def test_different_accounts_are_not(one: str, other: str) -> None:
    assert not same_number(one, other)
