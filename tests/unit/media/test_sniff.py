import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.media.sniff import SNIFF_BYTES, sniff

PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head></html>"


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (PAGE.encode(), "html"),
        (b"\n\n  <!-- saved --> <!-- twice -->\n<HTML lang=en>", "html"),
        (b"\xef\xbb\xbf" + PAGE.encode(), "html"),
        (b"\xff\xfe" + PAGE.encode("utf-16-le"), "html"),
        (b"\xfe\xff" + PAGE.encode("utf-16-be"), "html"),
        (b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "x"><html xmlns="y">', "html"),
        (b"<script>location='/login'</script>", "html"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "xml"),
        (b"<Error><Code>NoSuchKey</Code></Error>", "xml"),
        (b'{"error": "expired"}', "json"),
        (b' [ {"a": 1}', "json"),
        (b"[1, 2", "json"),
        (b"{}", "json"),
        (b"", "other"),
        (b"ID3\x04\x00\x00", "other"),
        (b"\xff\xfb\x90\x64", "other"),
        (b"\xff\xfe\x90\x64" + bytes(40), "other"),
        (b"OggS\x00\x02", "other"),
        (b"RIFF\x24\x08\x00\x00WAVE", "other"),
        (b"#!AMR\n<", "other"),
        (b"#EXTM3U\n", "other"),
        (b"<\x00\x00\x00", "other"),
        (b"[Script Info]", "other"),
        (b"{\\rtf1", "other"),
    ],
)
def test_the_first_bytes_tell_pages_from_files(start: bytes, kind: str) -> None:
    assert sniff(start) == kind


def test_a_comment_longer_than_what_is_looked_at_is_no_media_but_no_error() -> None:
    assert sniff(b"<!--" + b"x" * SNIFF_BYTES * 2) == "other"


@given(st.binary(max_size=2000))
def test_any_bytes_have_a_kind(start: bytes) -> None:
    assert sniff(start) in {"html", "json", "xml", "other"}
