"""What operations work with: handed to each of their functions, so that an operation itself holds nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from waypost.address import Jid
from waypost.chats.store import ChatStore
from waypost.clock import Clock
from waypost.engine.port import Session
from waypost.errors import BLOB_GONE, NOT_CONNECTED, EngineError, OutboxError
from waypost.instances.contacts import Contacts
from waypost.instances.group_sizes import GroupSizes
from waypost.instances.messages import MessageStore
from waypost.media.film import Film
from waypost.media.page import Page
from waypost.media.picture import Picture, Use
from waypost.outbox.request import Request
from waypost.telemetry import Log
from waypost.voice.note import Note


class Fetcher(Protocol):
    """The guarded way out to a URL that a caller named."""

    async def fetch(self, url: str, path: Path, *, pages: bool = False) -> object:
        """Write the file behind `url` to `path`; with `pages` it may be a web page. Raises FetchError."""
        ...


class Converter(Protocol):
    """Makes files that can be sent of a caller's, in processes of its own."""

    async def convert(self, source: Path, target: Path) -> Note:
        """Convert any audio at `source` into a native note at `target`. Raises VoiceError."""
        ...

    async def picture(self, source: Path, target: Path, use: Use) -> Picture:
        """Make a picture of that use at `target` of any at `source`. Raises MediaError."""
        ...

    async def film(self, source: Path, target: Path) -> Film:
        """Make a video that phones play at `target` of the one at `source`. Raises MediaError."""
        ...

    async def page(self, source: Path) -> Page:
        """What the web page at `source` says of itself. Raises MediaError."""
        ...


class Uploads(Protocol):
    """The files that came with calls."""

    async def inline(self, blob_id: str) -> bytes | None:
        """The bytes of a small file; None when it is not kept in the database."""
        ...

    async def file(self, blob_id: str, scratch: Path) -> Path | None:
        """Where a large file lies, brought to `scratch` if it has to be; None when it is gone."""
        ...


@dataclass(frozen=True, slots=True)
class Resources:
    """Everything an operation may use. `workshop` is a folder for files in the making, named by request;
    `keep` takes note of the file that a request's message will carry."""

    session_of: Callable[[str], Session | None]
    contacts: Contacts
    messages: MessageStore
    chats: ChatStore
    uploads: Uploads
    fetcher: Fetcher
    converter: Converter
    workshop: Path
    clock: Clock
    log: Log
    group_sizes: GroupSizes
    keep: Callable[[Request, Path], Awaitable[None]] | None = None

    def session(self, instance_id: str) -> Session:
        """The live session. Raises EngineError(NOT_CONNECTED)."""
        session = self.session_of(instance_id)
        if session is None:
            raise EngineError(NOT_CONNECTED)
        return session

    async def let_go(self, request: Request, path: Path) -> None:
        """A finished file was uploaded: it leaves the workshop, and is kept as that of the message."""
        if self.keep is not None:
            await self.keep(request, path)
        await asyncio.to_thread(path.unlink, missing_ok=True)

    @contextlib.asynccontextmanager
    async def source(self, request: Request, url: str | None, *, pages: bool = False) -> AsyncIterator[Path]:
        """A path with the file of the call, or with what is behind `url` (with `pages`: be it a web page);
        gone afterwards unless it is an upload.

        Raises FetchError, or OutboxError(BLOB_GONE).
        """
        scratch = self.workshop / f"{request.uuid}.in"
        try:
            if request.blob_id is None:
                if url is None:
                    raise OutboxError(BLOB_GONE)
                await self.fetcher.fetch(url, scratch, pages=pages)
                yield scratch
                return
            data = await self.uploads.inline(request.blob_id)
            if data is not None:
                await asyncio.to_thread(scratch.write_bytes, data)
                yield scratch
                return
            path = await self.uploads.file(request.blob_id, scratch)
            if path is None:
                raise OutboxError(BLOB_GONE)
            yield path
        finally:
            scratch.unlink(missing_ok=True)


def own_account(session: Session) -> Jid:
    """The account that a session sends as, without its device."""
    return Jid.parse(session.mark.device_jid).bare
