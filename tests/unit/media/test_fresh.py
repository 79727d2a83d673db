from waypost.media.fresh import FreshUploads


def test_an_upload_is_there_once() -> None:
    fresh = FreshUploads()
    fresh.put("a", b"sound")
    assert [fresh.take("a"), fresh.take("a"), fresh.take("b")] == [b"sound", None, None]


def test_the_oldest_go_first_when_there_are_too_many_bytes() -> None:
    fresh = FreshUploads(most_bytes=10)
    for name in "abc":
        fresh.put(name, bytes(4))
    fresh.put("huge", bytes(11))
    assert [fresh.take(name) for name in ("a", "b", "c", "huge")] == [None, bytes(4), bytes(4), None]
    fresh.put("d", bytes(10))
    assert fresh.take("d") == bytes(10)
