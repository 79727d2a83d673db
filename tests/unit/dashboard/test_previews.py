import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from waypost.dashboard.previews import AT_ONCE, WAITING, Preview, Previews
from waypost.errors import (
    EMPTY_FILE,
    NOT_AUDIO,
    PREVIEWS_FULL,
    TOO_LARGE,
    ApiError,
    VoiceError,
    WaypostError,
)
from waypost.voice.note import Note


class Converter:
    """Copies, once it may; or refuses."""

    def __init__(self, refuses: VoiceError | None = None) -> None:
        self.go = asyncio.Event()
        self.go.set()
        self.busy = self.most_busy = 0
        self._refuses = refuses

    async def convert_and_measure(self, source: Path, target: Path) -> tuple[Note, float]:
        self.busy += 1
        self.most_busy = max(self.busy, self.most_busy)
        try:
            await self.go.wait()
            if self._refuses is not None:
                raise self._refuses
            target.write_bytes(b"note of " + source.read_bytes())
        finally:
            self.busy -= 1
        note = Note(target, 9, b"", 16_000, 1, bytes(64), 20_000, passthrough=False)
        return note, -20.0


class Fetcher:
    """Brings its URL's own text."""

    async def fetch(self, url: str, path: Path) -> object:
        path.write_bytes(url.encode())
        return None


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def previews(folder: Path, converter: Converter) -> Previews:
    return Previews(converter, Fetcher(), folder, 10)


async def until(found: Converter, busy: int) -> None:
    async with asyncio.timeout(10):
        while found.busy < busy:
            await asyncio.sleep(0.001)


async def test_a_preview_is_the_note_and_leaves_no_file(tmp_path: Path) -> None:
    made = await previews(tmp_path, Converter()).of_upload(chunks(b"ab", b"cd"))
    assert (made.content, made.source_bytes, made.lufs) == (b"note of abcd", 4, -20.0)
    assert not list(tmp_path.iterdir())


async def test_what_is_behind_a_url_is_fetched_and_made_a_note_too(tmp_path: Path) -> None:
    assert (await previews(tmp_path, Converter()).of_url("http://x")).content == b"note of http://x"


@pytest.mark.parametrize(
    ("sent", "fault"), [((b"12345", b"678901"), TOO_LARGE), ((), EMPTY_FILE), ((b"",), EMPTY_FILE)]
)
async def test_what_can_be_no_note_is_refused_before_it_costs_anything(
    tmp_path: Path, sent: tuple[bytes, ...], fault: object
) -> None:
    converter = Converter()
    with pytest.raises(WaypostError) as refused:
        await previews(tmp_path, converter).of_upload(chunks(*sent))
    assert (refused.value.fault, converter.most_busy) == (fault, 0)
    assert not list(tmp_path.iterdir())


async def test_what_is_no_audio_is_told_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(VoiceError) as refused:
        await previews(tmp_path, Converter(VoiceError(NOT_AUDIO))).of_upload(chunks(b"x"))
    assert refused.value.fault is NOT_AUDIO
    assert not list(tmp_path.iterdir())


async def test_a_few_are_made_at_once_some_wait_and_more_are_refused(tmp_path: Path) -> None:
    converter = Converter()
    converter.go.clear()
    made = previews(tmp_path, converter)
    tasks: list[asyncio.Task[Preview]] = [
        asyncio.create_task(made.of_upload(chunks(b"x"))) for _ in range(AT_ONCE + WAITING)
    ]
    await until(converter, AT_ONCE)
    with pytest.raises(ApiError) as refused:
        await made.of_upload(chunks(b"x"))
    assert refused.value.fault is PREVIEWS_FULL
    converter.go.set()
    await asyncio.gather(*tasks)
    assert converter.most_busy == AT_ONCE


async def test_a_visitor_who_leaves_leaves_no_file_and_a_free_place(tmp_path: Path) -> None:
    converter = Converter()
    converter.go.clear()
    made = previews(tmp_path, converter)
    tasks = [asyncio.create_task(made.of_upload(chunks(b"x"))) for _ in range(AT_ONCE + WAITING)]
    await until(converter, AT_ONCE)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    converter.go.set()
    await made.of_upload(chunks(b"x"))
    assert not list(tmp_path.iterdir())
