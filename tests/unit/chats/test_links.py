"""Links to files that need no token."""

from urllib.parse import parse_qs, urlsplit

import pytest

from waypost.chats.links import Links
from waypost.testing.clock import FakeClock

BLOB = "b" * 32


def test_a_link_is_good_for_its_file_and_its_time_alone() -> None:
    clock = FakeClock()
    links = Links("https://w.example", 600.0, clock)
    links.use_key(bytes(32))
    url, expires = links.url("shop", BLOB, "a b.txt")
    query = parse_qs(urlsplit(url).query)
    good = (query["expires"][0], query["signature"][0])
    assert urlsplit(url).path == f"/media/shop/{BLOB}/a%20b.txt"
    assert expires == int(clock.now() + 600)
    assert links.good("shop", BLOB, *good)
    assert not links.good("mart", BLOB, *good)
    assert not links.good("shop", "c" * 32, *good)
    assert not links.good("shop", BLOB, str(int(good[0]) + 1), good[1])
    clock.advance(599)
    assert links.good("shop", BLOB, *good)
    clock.advance(1)
    assert not links.good("shop", BLOB, *good)
    other = Links("https://w.example", 600.0, FakeClock())
    other.use_key(b"k" * 32)
    assert not other.good("shop", BLOB, *good)


def test_a_link_whose_signature_is_no_ascii_is_none_of_ours() -> None:
    links = Links("https://w.example", 600.0, FakeClock())
    links.use_key(bytes(32))
    assert not links.good("shop", BLOB, "99999999999", "sïgnature")


@pytest.mark.parametrize(
    ("filename", "part"),
    [("in/voice.pdf", "in_voice.pdf"), ("a\\b", "a_b"), ("..", "file"), ("", "file"), (None, "file")],
)
def test_a_file_s_name_is_one_part_of_its_link_whatever_is_in_it(filename: str | None, part: str) -> None:
    links = Links("https://w.example", 600.0, FakeClock())
    links.use_key(bytes(32))
    url, _ = links.url("shop", BLOB, filename)
    assert urlsplit(url).path == f"/media/shop/{BLOB}/{part}"
