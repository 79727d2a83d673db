"""Links of a built site, followed without a browser."""

import html.parser
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

_WITHIN_S = 20.0


class _Page(html.parser.HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        for name in (found.get("id"), found.get("name") if tag == "a" else None):
            if name:
                self.anchors.add(name)
        # A canonical or an alternate address names a place, it is not followed.
        followed = {"a": "href", "img": "src", "script": "src", "source": "src"}.get(tag)
        if tag == "link" and found.get("rel") in ("stylesheet", "icon"):
            followed = "href"
        if followed and (link := found.get(followed)):
            self.links.append(link)


def broken(site: Path) -> list[str]:
    """Links inside of the site that lead to no file or no heading, one sentence each."""
    pages = _pages(site)
    wrong = []
    for page, read in pages.items():
        for link in read.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            path = urllib.parse.unquote(parts.path)
            target = page if not path else (site if path.startswith("/") else page.parent) / path.lstrip("/")
            target = target.resolve()
            if target.is_dir():
                target /= "index.html"
            shown = page.relative_to(site)
            if not target.is_file():
                wrong.append(f"{shown}: {link} leads nowhere")
            elif parts.fragment and target in pages:
                anchors = pages[target].anchors
                if urllib.parse.unquote(parts.fragment) not in anchors and parts.fragment not in anchors:
                    wrong.append(f"{shown}: there is no {link}")
    return wrong


def broken_outside(site: Path) -> list[str]:
    """Links to elsewhere that answer with an error, or not at all."""
    links = sorted(
        {
            link.partition("#")[0]
            for page in _pages(site).values()
            for link in page.links
            if link.startswith(("http://", "https://")) and "example" not in link and "127.0.0.1" not in link
        }
    )
    with httpx.Client(timeout=_WITHIN_S, follow_redirects=True) as http, ThreadPoolExecutor(8) as threads:
        return [wrong for wrong in threads.map(lambda link: _followed(http, link), links) if wrong]


def _followed(http: httpx.Client, link: str) -> str:
    try:
        answer = http.get(link)
    except httpx.HTTPError as error:
        return f"{link}: {type(error).__name__}"
    return f"{link}: {answer.status_code}" if answer.status_code >= 400 else ""


def _pages(site: Path) -> dict[Path, _Page]:
    site = site.resolve()
    # The page for addresses that are not there is shown anywhere: its links begin at the root.
    return {page: _Page(page.read_text()) for page in sorted(site.rglob("*.html")) if page.name != "404.html"}
