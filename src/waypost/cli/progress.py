"""What is under way, on the terminal's error stream; nothing at all where that is no terminal."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Final

import httpx
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from waypost.cli.screen import console, shown

# As much goes out between two movements of the bar.
_PART_BYTES: Final = 64 * 1024
# What is smaller is gone before a bar is seen.
_WORTH_A_BAR_BYTES: Final = 256 * 1024

Sent = Callable[[int, int], None]


class Steps:
    """The line that tells of it."""

    def __init__(self, bar: Progress | None) -> None:
        self._bar = bar
        self._task = None if bar is None else bar.add_task("", total=None, visible=False)

    def sent(self, count: int, total: int) -> None:
        """So many bytes of a body have left."""
        if self._bar is not None and self._task is not None:
            words = "uploading" if count < total else "uploaded"
            self._bar.update(self._task, description=words, completed=count, total=total, visible=True)

    def says(self, words: str) -> None:
        """What is waited for now."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=shown(words), completed=0, total=None, visible=True)


@contextlib.contextmanager
def steps() -> Iterator[Steps]:
    """Show steps until the context ends; then the line is gone."""
    screen = console(err=True)
    if not screen.is_terminal:
        yield Steps(None)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        _Bytes(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=screen, transient=True) as bar:
        yield Steps(bar)


class _Bytes(DownloadColumn):
    def render(self, task: Task) -> Text:
        """How much of how much; nothing where nothing is counted."""
        return Text() if task.total is None else super().render(task)


class Watched(httpx.BaseTransport):
    """The way to the gateway, which tells how much of a large body has left."""

    def __init__(self, sent: Sent, inner: httpx.BaseTransport | None = None) -> None:
        self._sent = sent
        self._inner = inner or httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Make the call."""
        total = int(request.headers.get("content-length", 0))
        if total >= _WORTH_A_BAR_BYTES and isinstance(request.stream, httpx.SyncByteStream):
            request.stream = _Counted(request.stream, total, self._sent)
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


class _Counted(httpx.SyncByteStream):
    def __init__(self, body: httpx.SyncByteStream, total: int, sent: Sent) -> None:
        self._body = body
        self._total = total
        self._sent = sent

    def __iter__(self) -> Iterator[bytes]:
        count = 0
        for chunk in self._body:
            for begin in range(0, len(chunk), _PART_BYTES):
                part = chunk[begin : begin + _PART_BYTES]
                yield part
                count += len(part)
                self._sent(count, self._total)

    def close(self) -> None:
        self._body.close()
