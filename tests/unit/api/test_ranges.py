"""RFC 9110, section 14, by its own examples and by what players ask."""

import pytest

from waypost.api.ranges import Part, part_of

TAG = '"abc"'


@pytest.mark.parametrize(
    ("asked", "start", "length"),
    [
        ("bytes=0-", 0, 10000),
        ("bytes=0-1", 0, 2),  # Safari's first question
        ("bytes=0-499", 0, 500),
        ("bytes=500-999", 500, 500),
        ("bytes=-500", 9500, 500),
        ("bytes=9500-", 9500, 500),
        ("bytes=9999-9999", 9999, 1),
        ("bytes=9000-99999999", 9000, 1000),
        ("bytes=-20000", 0, 10000),
        ("Bytes= 0-499 ", 0, 500),
    ],
)
def test_a_part_is_answered_with_where_it_lies(asked: str, start: int, length: int) -> None:
    part = part_of({"range": asked}, 10000, TAG)
    assert part == Part(start, length, 10000, 206)
    assert part.headers == {
        "Accept-Ranges": "bytes",
        "Content-Length": str(length),
        "Content-Range": f"bytes {start}-{start + length - 1}/10000",
    }


@pytest.mark.parametrize("asked", ["bytes=10000-", "bytes=10000-10001", "bytes=-0"])
def test_what_the_file_does_not_have_is_refused_with_its_size(asked: str) -> None:
    part = part_of({"range": asked}, 10000, TAG)
    assert (part.status, part.headers["Content-Range"]) == (416, "bytes */10000")
    assert part.headers["Content-Length"] == "0"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"range": ""},
        {"range": "bytes=-"},
        {"range": "bytes=5-4"},
        {"range": "bytes=0-0,-1"},
        {"range": "bytes=1"},
        {"range": "pages=1-2"},
        {"range": f"bytes=0-{'9' * 5000}"},
        {"range": "bytes=٠-١"},
        {"range": "bytes=0-499", "if-range": '"another"'},
        {"range": "bytes=0-499", "if-range": 'W/"abc"'},
        {"range": "bytes=0-499", "if-range": "Sat, 29 Oct 1994 19:43:31 GMT"},
    ],
)
def test_whatever_else_is_asked_the_whole_is_answered(headers: dict[str, str]) -> None:
    part = part_of(headers, 10000, TAG)
    assert part == Part(0, 10000, 10000, 200)
    assert "Content-Range" not in part.headers


def test_a_part_of_the_same_file_is_gone_on_with_and_of_an_empty_one_there_is_none() -> None:
    assert part_of({"range": "bytes=5-", "if-range": TAG}, 10, TAG).status == 206
    assert part_of({"range": "bytes=0-"}, 0, TAG).status == 416
    assert part_of({}, 0, TAG) == Part(0, 0, 0, 200)
