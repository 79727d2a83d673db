"""The words that a page has for link previews."""

import time
from pathlib import Path

import pytest

from waypost.errors import MediaError
from waypost.media.page import Page
from waypost.media.pages import read_page


def page(folder: Path, head: str | bytes) -> Page:
    data = head if isinstance(head, bytes) else f"<!doctype html><html><head>{head}</head>".encode()
    (folder / "page").write_bytes(data)
    return read_page(folder / "page")


@pytest.mark.parametrize(
    ("head", "title", "description"),
    [
        ("<title>A\n  &lt;b&gt; </title>", "A <b>", ""),
        ("<title>A</title><meta property='og:title' content='B'>", "B", ""),
        ("<meta name=description content=D><meta property=og:description content=O>", "", "O"),
        ("<META NAME=Description CONTENT=D>", "", "D"),
        ("<meta property='og:title' content=''><title>A</title>", "A", ""),
        ("<meta property='og:title'><title>A</title>", "A", ""),
        ("<script>'<title>no</title>'</script><title>A</title>", "A", ""),
        ("<title>A</title></head><body><meta property='og:title' content='late'>", "A", ""),
        (f"<title>{'x' * 400}</title>", "x" * 299 + "…", ""),
        ("<title>never ends", "never ends", ""),
    ],
)
def test_title_and_description_are_found_as_pages_really_write_them(
    tmp_path: Path, head: str, title: str, description: str
) -> None:
    found = page(tmp_path, head)
    assert (found.title, found.description) == (title, description)


def test_the_picture_is_named_as_the_page_names_it(tmp_path: Path) -> None:
    assert page(tmp_path, "<meta property='og:image' content='/a.jpg'>").image == "/a.jpg"
    assert page(tmp_path, "<title>A</title>").image is None
    assert page(tmp_path, f"<meta property='og:image' content='{'x' * 9000}'>").image is None


@pytest.mark.parametrize(
    "data",
    [
        "<!doctype html><title>Grüße</title>".encode(),
        '<html><meta charset="iso-8859-1"><title>Grüße</title>'.encode("latin-1"),
        "<html><meta charset='unheard-of'><title>Grüße</title>".encode(),
        b"\xff\xfe" + "<!doctype html><title>Grüße</title>".encode("utf-16-le"),
        b"\xef\xbb\xbf" + "<!doctype html><title>Grüße</title>".encode(),
    ],
)
def test_letters_are_read_in_the_encoding_that_the_page_says(tmp_path: Path, data: bytes) -> None:
    assert page(tmp_path, data).title == "Grüße"


@pytest.mark.parametrize("data", [b"", b"{}", b"\x89PNG", b"plain text", b"<?xml version='1.0'?><rss/>"])
def test_what_is_no_page_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(MediaError) as failed:
        page(tmp_path, data)
    assert failed.value.code == "not_page"


@pytest.mark.parametrize("piece", [b"<!--", b"<a ", b"<![", b"<title><", b"&#x", b"<meta content='", b"</"])
def test_a_page_that_is_made_to_be_slow_is_read_in_seconds(tmp_path: Path, piece: bytes) -> None:
    began = time.process_time()
    page(tmp_path, b"<!doctype html><title>A</title>" + piece * 60_000)
    assert time.process_time() - began < 20  # the limit of a worker
