from fuzz.target import Target
from waypost.media.sniff import SNIFF_BYTES, sniff


def check(data: bytes) -> None:
    found = sniff(data)
    assert found in ("html", "json", "xml", "other")
    assert sniff(data[:SNIFF_BYTES]) == found
    assert sniff(data[:SNIFF_BYTES] + b"<html>") == found or len(data) < SNIFF_BYTES
    if data.isascii() and len(data) < SNIFF_BYTES - 3:
        assert sniff(b"\xef\xbb\xbf" + data) == found


TARGET = Target(
    promise="what a file is depends on its first bytes alone, and on no byte order mark",
    check=check,
    seeds=lambda: [
        b"<!doctype html><title>x</title>",
        b"<!-- a --> <html>",
        b'{"error": 1}',
        b"[1, 2]",
        b"<?xml version='1.0'?><a/>",
        b"ID3\x04\0\0",
        b"OggS\0",
        "<html>".encode("utf-16"),
        b"<!--" * 100,
        b"  <!-- -->" * 60,
    ],
    longest=1400,
    rate=2000,
)
