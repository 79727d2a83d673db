"""scripts/site: what it makes of docs/, and that a link to nowhere is found."""

from pathlib import Path

import pytest
from scripts.site.links import broken
from scripts.site.pages import assemble, unlisted

PAGES = {
    "index.html": '<h1 id="top">Start</h1><a href="sub/a.html#there">a</a><img src="picture.svg">'
    '<a href="#top">',
    "sub/a.html": '<h2 id="there">There</h2><a href="../index.html">back</a><a href="https://example.org/x">',
    "picture.svg": "<svg/>",
}


def site(folder: Path, **changes: str) -> Path:
    for name, text in {**PAGES, **{name.replace("_", "."): text for name, text in changes.items()}}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_links_that_lead_somewhere_are_fine(tmp_path: Path) -> None:
    assert broken(site(tmp_path)) == []


@pytest.mark.parametrize(
    ("link", "says"),
    [
        ('<a href="b.html">', "index.html: b.html leads nowhere"),
        ('<a href="sub/a.html#here">', "index.html: there is no sub/a.html#here"),
        ('<a href="#bottom">', "index.html: there is no #bottom"),
        ('<img src="sub/none.png">', "index.html: sub/none.png leads nowhere"),
        ('<link rel="stylesheet" href="style.css">', "index.html: style.css leads nowhere"),
    ],
)
def test_a_link_to_nowhere_is_found(tmp_path: Path, link: str, says: str) -> None:
    assert broken(site(tmp_path, index_html=link)) == [says]


def test_the_pages_are_docs_and_the_files_that_they_show(tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    assemble(folder)
    index = (folder / "index.md").read_text()
    assert "](docs/" not in index
    assert "](api.md)" in index
    client = (folder / "client.md").read_text()
    assert "](../" not in client
    assert "](file-examples-send_voice.py.md)" in client
    shown = (folder / "file-examples-send_voice.py.md").read_text()
    assert shown.startswith("# examples/send_voice.py\n\n```python\n")
    assert not [name for name in unlisted(folder) if name in ("index.md", "api.md", "client.md")]
