import asyncio
import base64
import hashlib
import os
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from waypost.api.body import BodyReader
from waypost.api.encoded_file import decode_file
from waypost.errors import BODY_TIMEOUT, MALFORMED, TOO_LARGE, ApiError, InvalidRequest, StorageError
from waypost.media.blobs import LocalBlobs, StoredFile
from waypost.operations.kind import FilePolicy

INLINE, MOST = 1000, 5000
FILE = FilePolicy()


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBlobs]:
    made = LocalBlobs(tmp_path_factory.mktemp("blobs"))
    yield made
    made.close()


async def pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def multipart(parts: list[tuple[str, str | None, bytes]]) -> bytes:
    """A body with the boundary B; a part with a file name is a file."""
    body = b""
    for name, filename, content in parts:
        extra = "" if filename is None else f'; filename="{filename}"'
        body += (
            f'--B\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'.encode()
            + content
            + b"\r\n"
        )
    return body + b"--B--\r\n"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    content=st.binary(min_size=1, max_size=MOST),
    size=st.integers(1, 700),
    file_first=st.booleans(),
    named=st.booleans(),
)
async def test_a_file_is_read_whole_however_it_is_cut_and_wherever_it_stands(
    blobs: LocalBlobs, content: bytes, size: int, file_first: bool, named: bool
) -> None:
    parts: list[tuple[str, str | None, bytes]] = [("chatId", None, b"49151"), ("file", "a.mp3", content)]
    kind = "multipart/form-data" + ("; boundary=B" if named else "")
    data = multipart(parts[::-1] if file_first else parts)
    body = await BodyReader(blobs, MOST, INLINE, 5).read(pieces(data, size), kind, len(data), FILE)
    assert body.fields == {"chatId": "49151"}
    assert body.upload is not None
    assert (body.filename, body.upload.size) == ("a.mp3", len(content))
    assert body.upload.sha256 == hashlib.sha256(content).hexdigest()
    if len(content) <= INLINE:
        assert body.upload.inline == content
    else:
        path = blobs.path_of(body.upload.blob_id)
        assert (body.upload.inline, path.read_bytes()) == (None, content)
        await BodyReader(blobs, MOST, INLINE, 5).discard(body)
        assert not path.exists()


@given(
    data=st.binary(max_size=300),
    kind=st.sampled_from(["multipart/form-data; boundary=B", "application/json", ""]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
async def test_any_bytes_are_read_or_refused_and_never_crash(
    blobs: LocalBlobs, data: bytes, kind: str
) -> None:
    try:
        await BodyReader(blobs, MOST, INLINE, 5).read(pieces(data, 50), kind, None, FILE)
    except ApiError as refused:
        if refused.fault not in (MALFORMED, TOO_LARGE):
            raise


async def test_a_file_that_is_too_large_leaves_nothing_behind(blobs: LocalBlobs, tmp_path: Path) -> None:
    own = LocalBlobs(tmp_path / "own")
    data = multipart([("file", "a.mp3", bytes(MOST + 1))])
    with pytest.raises(ApiError) as refused:
        await BodyReader(own, MOST, INLINE, 5).read(pieces(data, 400), "multipart/form-data", None, FILE)
    assert refused.value.fault is TOO_LARGE
    assert list((tmp_path / "own").iterdir()) == []
    own.close()


async def test_two_files_are_refused_and_neither_is_kept(tmp_path: Path) -> None:
    own = LocalBlobs(tmp_path / "own")
    data = multipart([("file", "a.mp3", bytes(2000)), ("file", "b.mp3", bytes(2000))])
    with pytest.raises(Exception, match="invalid"):
        await BodyReader(own, MOST, INLINE, 5).read(pieces(data, 400), "multipart/form-data", None, FILE)
    assert list((tmp_path / "own").iterdir()) == []
    own.close()


async def test_the_empty_file_of_a_browser_s_form_is_no_file(blobs: LocalBlobs) -> None:
    data = multipart([("file", "", b""), ("url", None, b"http://x.test/a")])
    body = await BodyReader(blobs, MOST, INLINE, 5).read(pieces(data, 99), "multipart/form-data", None, FILE)
    assert (body.upload, body.fields) == (None, {"url": "http://x.test/a"})


async def test_a_body_that_does_not_end_is_given_up(blobs: LocalBlobs) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    with pytest.raises(ApiError) as refused:
        await BodyReader(blobs, MOST, INLINE, 0.05).read(endless(), "application/json", None, FILE)
    assert refused.value.fault is BODY_TIMEOUT


async def test_a_stream_without_end_is_cut_at_the_limit(blobs: LocalBlobs) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65_536

    with pytest.raises(ApiError) as refused:
        await BodyReader(blobs, MOST, INLINE, 5).read(endless(), "application/json", None, FILE)
    assert refused.value.fault is TOO_LARGE


@pytest.mark.parametrize(
    "uri",
    ["data:audio/ogg;base64,+/8=", "data:;base64,%2B%2F8%3D", "data:audio/ogg;codecs=opus;base64,-_8"],
)
def test_a_data_uri_is_read_as_browsers_and_as_clients_write_it(uri: str) -> None:
    assert decode_file(uri, "file") == b"\xfb\xff"


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        (b'name="file"; filename="\xd0\xb3\xd0\xbe.mp3"', "го.mp3"),
        (b'name="file"; filename="caf\xe9.mp3"', "café.mp3"),
        (b"name=file; filename*=utf-8''%D0%B3%D0%BE.mp3", "го.mp3"),
        (b"name=file; filename=\"=?utf-8?B?0LPQvg==?=\"; filename*=utf-8''%D0%B3%D0%BE.mp3", "го.mp3"),
        (b"name=file; filename*=iso-8859-1'en'caf%E9.mp3", "café.mp3"),
    ],
    ids=["utf-8", "latin-1", "rfc5987", "dotnet", "rfc5987-latin"],
)
async def test_a_file_is_a_file_however_its_name_is_encoded(
    blobs: LocalBlobs, disposition: bytes, filename: str
) -> None:
    data = b"--B\r\nContent-Disposition: form-data; " + disposition + b"\r\n\r\nOggS\r\n--B--\r\n"
    reader = BodyReader(blobs, MOST, INLINE, 5)
    body = await reader.read(pieces(data, 11), "multipart/form-data; boundary=B", len(data), FILE)
    assert body.upload is not None
    assert (body.upload.inline, body.filename) == (b"OggS", filename)


async def test_large_bodies_that_arrive_together_are_in_memory_two_at_a_time(
    blobs: LocalBlobs, tmp_path: Path
) -> None:
    there, most = 0, 0

    class Watched(LocalBlobs):
        async def put(self, chunks: AsyncIterable[bytes], max_bytes: int) -> StoredFile:
            nonlocal there, most
            there += 1
            most = max(most, there)
            await asyncio.sleep(0)
            try:
                return await super().put(chunks, max_bytes)
            finally:
                there -= 1

    kept = Watched(tmp_path / "blobs")
    content = os.urandom(3_000_000)
    data = msgspec.json.encode({"chatId": "49151", "file": content})
    reader = BodyReader(kept, len(content), INLINE, 20, folder=tmp_path)
    bodies = await asyncio.gather(
        *(reader.read(pieces(data, 100_000), "application/json", len(data), FILE) for _ in range(6))
    )
    kept.close()
    assert {body.upload.sha256 for body in bodies if body.upload} == {hashlib.sha256(content).hexdigest()}
    assert most == 2
    assert [path.name for path in tmp_path.iterdir()] == ["blobs"]


async def test_a_large_body_is_refused_with_503_when_the_disk_can_t_take_it(
    blobs: LocalBlobs, tmp_path: Path
) -> None:
    data = msgspec.json.encode({"chatId": "49151", "text": "x" * 1_060_000})
    reader = BodyReader(blobs, 2_000_000, INLINE, 5, folder=tmp_path / "gone")
    with pytest.raises(StorageError):
        await reader.read(pieces(data, 100_000), "application/json", len(data), FILE)


@pytest.mark.parametrize("size", [0, 1, 786_431, 786_432, 786_433, 1_600_000])
def test_base64_is_decoded_whole_wherever_its_pieces_end(size: int) -> None:
    content = os.urandom(size)
    assert decode_file(base64.b64encode(content).decode(), "file") == content


@pytest.mark.parametrize("text", ["QUI=QUJD", "QUI==QUJD", "Q", "Q!JD", "QUJDé"])
def test_what_is_no_base64_is_refused_at_its_field(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        decode_file(text, "file")
    assert list(refused.value.errors) == ["file"]
