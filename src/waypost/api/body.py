"""Bodies as they really come: JSON, forms and multipart, with the file in one of four shapes.

A file is counted and hashed while it arrives. A small one stays in memory (it will ride in the accepting
transaction), a larger one goes to the blob store before the call is looked at any further.
"""

import asyncio
import codecs
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl

import msgspec
from multipart import parse_options_header

from waypost.api.encoded_file import NOT_BASE64, decode_file
from waypost.api.gathering import AT_ONCE, gathered
from waypost.api.multipart_body import FilePart, MultipartBody
from waypost.api.nul import refuse_in_fields
from waypost.errors import (
    BODY_TIMEOUT,
    MALFORMED,
    TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    ApiError,
    InvalidRequest,
)
from waypost.media.blobs import StoredFile, new_blob_id
from waypost.media.fresh import FreshUploads
from waypost.operations.kind import FilePolicy
from waypost.outbox.request import Upload

# Fields beside the file: the longest text that WhatsApp takes is 64 kB.
FIELDS_BYTES = 1024 * 1024
# Base64 with line breaks and JSON's escapes of them: 4/3 plus a few per cent.
_BASE64_FACTOR = 1.4
# Longer texts are decoded in a thread, so that the loop goes on meanwhile.
_LONG = 256 * 1024
# What is still read of a body that is refused, so that the caller gets to read the answer.
_DRAIN_BYTES = 64 * 1024 * 1024


class Blobs(Protocol):
    """Where large files go."""

    async def put(self, chunks: AsyncIterator[bytes], max_bytes: int) -> StoredFile:
        """Keep a stream durably. Raises ApiError(TOO_LARGE)."""
        ...

    async def delete(self, blob_id: str) -> None:
        """Remove a file."""
        ...


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a call, absent ones left out, and its file; `blank` names those that came as ""."""

    fields: dict[str, Any]
    blank: frozenset[str] = frozenset()
    upload: Upload | None = None
    filename: str | None = None


class BodyReader:
    """Reads bodies within limits."""

    def __init__(
        self,
        blobs: Blobs,
        file_bytes: int,
        inline_bytes: int,
        seconds: float,
        fresh: FreshUploads | None = None,
        folder: Path | None = None,
    ) -> None:
        """`file_bytes`: largest file; `inline_bytes`: largest that stays in memory, and in `fresh` for
        whoever prepares its request; `seconds`: time for a body; `folder`: where large ones are gathered.
        """
        self._blobs = blobs
        self._file_bytes = file_bytes
        self._inline_bytes = inline_bytes
        self._seconds = seconds
        self._fresh = fresh
        self._folder = folder
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def read(
        self,
        stream: AsyncIterator[bytes],
        content_type: str,
        content_length: int | None,
        file: FilePolicy | None,
    ) -> Body:
        """Read a body that may carry a file as `file` says. Raises ApiError, InvalidRequest."""
        try:
            async with asyncio.timeout(self._seconds):
                try:
                    return await self._read(stream, content_type, content_length, file)
                except (ApiError, InvalidRequest):
                    await _drain(stream)
                    raise
        except TimeoutError:
            raise ApiError(BODY_TIMEOUT) from None

    async def discard(self, body: Body) -> None:
        """Remove the file of a call that is not accepted."""
        if body.upload is not None and body.upload.inline is None:
            await self._blobs.delete(body.upload.blob_id)

    async def _read(
        self, stream: AsyncIterator[bytes], content_type: str, length: int | None, file: FilePolicy | None
    ) -> Body:
        kind, options = parse_options_header(content_type)
        most = FIELDS_BYTES + (0 if file is None else int(self._file_bytes * _BASE64_FACTOR))
        if length is not None and length > most:
            raise ApiError(TOO_LARGE, self._limit())
        stream = self._counted(stream, most)
        if kind == "multipart/form-data":
            return await self._multipart(stream, options.get("boundary"), file)
        if kind not in ("application/json", "application/x-www-form-urlencoded", "") and not kind.endswith(
            "+json"
        ):
            raise ApiError(UNSUPPORTED_MEDIA_TYPE)
        async with gathered(stream, self._folder, self._turns) as data:
            # curl -d '{"chatId": …}' calls its body a form; no form begins like that.
            if kind == "application/x-www-form-urlencoded" and not data.lstrip().startswith(b"{"):
                return await self._with_file(await _off_loop(len(data), _form, data, file), file)
            if kind == "" and data.startswith(b"--"):
                return await self._multipart(_once(data), None, file)
            return await self._with_file(await _json(data), file)

    async def _counted(self, stream: AsyncIterator[bytes], most: int) -> AsyncIterator[bytes]:
        async for chunk in stream:
            most -= len(chunk)
            if most < 0:
                raise ApiError(TOO_LARGE, self._limit())
            yield chunk

    async def _with_file(self, fields: dict[str, Any], file: FilePolicy | None) -> Body:
        """Take the file out of `fields`, where it is base64 or a data: URI."""
        body = body_of(fields)
        text = body.fields.pop(file.file, None) if file is not None else None
        if file is None or text is None:
            return body
        if not isinstance(text, str):
            raise InvalidRequest({file.file: [NOT_BASE64]})
        data = await _off_loop(len(text), decode_file, text, file.file)
        return msgspec.structs.replace(body, upload=await self.keep(data))

    async def keep(self, data: bytes) -> Upload:
        """Keep a file that is in memory. Raises ApiError(TOO_LARGE)."""
        if len(data) > self._file_bytes:
            raise ApiError(TOO_LARGE, self._limit())
        if len(data) > self._inline_bytes:
            return _upload(await self._blobs.put(_once(data), self._file_bytes))
        upload = Upload(
            blob_id=new_blob_id(), size=len(data), sha256=hashlib.sha256(data).hexdigest(), inline=data
        )
        if self._fresh is not None:
            self._fresh.put(upload.blob_id, data)
        return upload

    async def _multipart(
        self, stream: AsyncIterator[bytes], boundary: str | None, file: FilePolicy | None
    ) -> Body:
        body = MultipartBody(stream, boundary)
        fields: dict[str, Any] = {}
        found: Body | None = None
        try:
            async for part in body.parts(FIELDS_BYTES, None if file is None else file.file):
                if isinstance(part, FilePart):
                    upload = await self._file_part(part)
                    if upload is not None and found is not None:
                        await self.discard(Body(fields={}, upload=upload))
                        raise InvalidRequest({part.name: ["Send one file."]})
                    if upload is not None:
                        found = Body(fields={}, upload=upload, filename=part.filename)
                    refuse_in_fields({part.name: part.filename})
                else:
                    put_field(fields, part.name, part.text)
            if found is not None:
                return msgspec.structs.replace(body_of(fields), upload=found.upload, filename=found.filename)
        except BaseException:
            if found is not None:
                await self.discard(found)
            raise
        return await self._with_file(fields, file)

    async def _file_part(self, part: FilePart) -> Upload | None:
        """Keep a file part; None for the empty one that a browser sends for a form without a file."""
        held = bytearray()
        async for chunk in part.chunks:
            held += chunk
            if len(held) > self._inline_bytes:
                return _upload(await self._blobs.put(_chain(bytes(held), part.chunks), self._file_bytes))
        if not held and not part.filename:
            return None
        return await self.keep(bytes(held))

    def _limit(self) -> str:
        return f"The limit is {self._file_bytes} bytes."


def body_of(given: dict[str, Any]) -> Body:
    """Fields as they came; `null` and "" are absent ones. Raises InvalidRequest."""
    refuse_in_fields(given)
    return Body(
        fields={name: value for name, value in given.items() if value is not None and value != ""},
        blank=frozenset(name for name, value in given.items() if value == ""),
    )


def put_field(fields: dict[str, Any], name: str, text: str) -> None:
    """Add a field of a form: `name[]` is one of a list; of others that come twice the last one counts."""
    if name.endswith("[]"):
        before = fields.get(name[:-2])
        fields[name[:-2]] = [*before, text] if isinstance(before, list) else [text]
    else:
        fields[name] = text


async def _json(data: bytes) -> dict[str, Any]:
    data = data.removeprefix(codecs.BOM_UTF8)  # PowerShell and .NET write one
    if not data.strip():
        return {}
    try:
        decoded = await _off_loop(len(data), msgspec.json.decode, data)
    except msgspec.DecodeError as wrong:
        raise ApiError(MALFORMED, f"{wrong}.") from None
    except (UnicodeDecodeError, RecursionError):
        raise ApiError(MALFORMED) from None
    if not isinstance(decoded, dict):
        raise ApiError(MALFORMED, "The body must be a JSON object.")
    return decoded


def _form(data: bytes, file: FilePolicy | None) -> dict[str, Any]:
    try:
        pairs = parse_qsl(data.decode(), keep_blank_values=True, max_num_fields=64)
    except (UnicodeDecodeError, ValueError):
        raise ApiError(MALFORMED) from None
    fields: dict[str, Any] = {}
    for name, text in pairs:
        put_field(fields, name, text)
    if file is not None and isinstance(fields.get(file.file), str):
        # Base64 whose + was not escaped; a form reads it as a blank.
        fields[file.file] = fields[file.file].replace(" ", "+")
    return fields


async def _off_loop(size: int, work: Any, *arguments: Any) -> Any:
    return await asyncio.to_thread(work, *arguments) if size > _LONG else work(*arguments)


async def _drain(stream: AsyncIterator[bytes]) -> None:
    left = _DRAIN_BYTES
    async for chunk in stream:
        left -= len(chunk)
        if left < 0:
            return


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _chain(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


def _upload(stored: StoredFile) -> Upload:
    return Upload(blob_id=stored.blob_id, size=stored.size, sha256=stored.sha256)
