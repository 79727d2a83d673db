"""Files of messages by their links, which need no token."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote

from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from waypost.api.ranges import Part, part_of
from waypost.api.replies import error_reply
from waypost.chats.links import PATH, Links
from waypost.chats.store import FileStore, StoredFile
from waypost.errors import MEDIA_GONE, NOT_FOUND, ApiError, EngineError, WaypostError

_CHUNK: Final = 256 * 1024


class Blobs(Protocol):
    """Where files are kept."""

    async def file(self, blob_id: str, scratch: Path) -> Path | None:
        """Where the file lies, brought to `scratch` if it has to be; None when it is gone."""
        ...


class MediaDesk:
    """Hands out files of messages."""

    def __init__(self, links: Links, files: FileStore, blobs: Blobs, workshop: Path) -> None:
        """`workshop` is a folder for files that have to be brought."""
        self._links = links
        self._files = files
        self._blobs = blobs
        self._workshop = workshop

    def handler(self) -> HTTPRouteHandler:
        """The route of the links."""

        async def media(request: Request[Any, Any, Any]) -> Response[Any]:
            try:
                return await self._answer(request)
            except WaypostError as error:
                reply = error_reply(error)
                return Response(reply.content(), status_code=reply.status, media_type=reply.media_type)

        path = f"{PATH}/{{instance:str}}/{{blob:str}}/{{name:str}}"
        return HTTPRouteHandler(path, http_method=["GET", "HEAD"], status_code=200)(media)

    async def _answer(self, request: Request[Any, Any, Any]) -> Response[Any]:
        instance, blob_id = str(request.path_params["instance"]), str(request.path_params["blob"])
        query = request.query_params
        if not self._links.good(instance, blob_id, query.get("expires", ""), query.get("signature", "")):
            raise ApiError(NOT_FOUND, "This link is none of ours, or has expired.")
        file = await self._files.of_blob(instance, blob_id)
        if file is None:
            raise EngineError(MEDIA_GONE)
        return await self._file(file, blob_id, request)

    async def _file(self, file: StoredFile, blob_id: str, request: Request[Any, Any, Any]) -> Response[Any]:
        """The file or a part of it, as an attachment. Raises EngineError(MEDIA_GONE)."""
        scratch = self._workshop / f"{blob_id}.{id(request):x}.in"
        path = await self._blobs.file(blob_id, scratch)
        if path is None:
            raise EngineError(MEDIA_GONE)
        size = (await asyncio.to_thread(path.stat)).st_size
        # What a blob's id names never changes.
        tag = f'"{blob_id}"'
        # HEAD tells of the whole: parts are a matter of GET.
        part = part_of(request.headers if request.method == "GET" else {}, size, tag)
        headers = {**_headers(file), **part.headers, "ETag": tag}
        if request.method == "HEAD" or not part.length:
            await asyncio.to_thread(scratch.unlink, missing_ok=True)
            return Response(b"", status_code=part.status, headers=headers, media_type=file.mimetype)
        chunks = _chunks(path, scratch, part)
        return Stream(chunks, status_code=part.status, headers=headers, media_type=file.mimetype)


def _headers(file: StoredFile) -> dict[str, str]:
    """A stranger has sent it: browsers may save it, and neither show nor guess what it is."""
    name = quote(file.filename or "file", safe="")
    return {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, max-age=3600",
    }


async def _chunks(path: Path, scratch: Path, part: Part) -> AsyncIterator[bytes]:
    file = await asyncio.to_thread(path.open, "rb")
    try:
        await asyncio.to_thread(file.seek, part.start)
        left = part.length
        while left and (chunk := await asyncio.to_thread(file.read, min(left, _CHUNK))):
            left -= len(chunk)
            yield chunk
    finally:
        file.close()
        await asyncio.to_thread(scratch.unlink, missing_ok=True)
