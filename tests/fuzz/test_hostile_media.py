"""Pictures, videos and pages that somebody made to do harm, given to real workers."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image
from tests.films import film
from tests.pictures import animation, drawn, encoded, jpeg

from waypost.errors import MediaError
from waypost.media.limits import MediaLimits
from waypost.voice.limits import Limits
from waypost.workers.pool import WorkerPool

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROUNDS = 12
PICTURES = {
    "jpeg": jpeg(200, 150),
    "png": encoded(drawn(200, 150, "RGBA"), "PNG"),
    "webp": encoded(drawn(200, 150), "WEBP"),
    "avif": encoded(drawn(64, 48), "AVIF"),
    "bmp": encoded(drawn(40, 30), "BMP"),
    "gif": animation("GIF", 60, 40),
    "moving webp": animation("WEBP", 60, 40),
}
PAGE = b"<!doctype html><html><head><title>A</title><meta property='og:title' content='B'></head>"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool() -> AsyncIterator[WorkerPool]:
    async with WorkerPool(workers=1) as pool:
        yield pool


def torn(data: bytes, chance: random.Random) -> bytes:
    """The file with some bytes replaced, cut out or doubled, or without its end."""
    found = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at, length = chance.randrange(len(found)), chance.randint(1, 16)
        match chance.randrange(4):
            case 0:
                found[at : at + length] = chance.randbytes(length)
            case 1:
                found[at : at + length] = b"\xff" * length
            case 2:
                del found[at : at + length]
            case _:
                found[at:at] = found[at : at + length]
    return bytes(found[: chance.randint(len(found) // 2, len(found))] if chance.random() < 0.3 else found)


async def outcome(make: Callable[[Path, Path], Awaitable[object]], folder: Path, data: bytes) -> str:
    """What became of it: `made`, or the code of a refusal; nothing else may."""
    source, target = folder / "source", folder / "target"
    source.write_bytes(data)
    try:
        await make(source, target)
    except MediaError as refused:
        assert {path.name for path in folder.iterdir()} <= {"source", "target"}
        return refused.code
    return "made"


@pytest.mark.parametrize("kind", PICTURES)
async def test_a_torn_picture_is_made_or_refused(pool: WorkerPool, kind: str, tmp_path: Path) -> None:
    chance = random.Random(kind)
    for round in range(ROUNDS):
        data = torn(PICTURES[kind], chance)
        for use in ("image", "sticker", "preview"):
            code = await outcome(lambda source, target: pool.picture(source, target, use), tmp_path, data)  # noqa: B023
            assert code in {"made", "not_image", "corrupt_image", "too_many_pixels", "too_costly"}, round


@pytest.mark.parametrize("format", ["mp4", "mov", "matroska"])
async def test_a_torn_video_is_made_or_refused(pool: WorkerPool, format: str, tmp_path: Path) -> None:
    chance, data = random.Random(format), film(format)
    for round in range(2 * ROUNDS):
        code = await outcome(pool.film, tmp_path, torn(data, chance))
        known = {"made", "not_video", "no_video_track", "unsupported_video", "corrupt_video"}
        assert code in known | {"too_many_pixels", "too_long", "too_costly"}, round


async def test_a_torn_page_is_read_or_refused(pool: WorkerPool, tmp_path: Path) -> None:
    chance = random.Random(7)
    for _ in range(ROUNDS):
        page = torn(PAGE, chance)
        assert await outcome(lambda source, _: pool.page(source), tmp_path, page) in {"made", "not_page"}


async def test_a_picture_beyond_its_memory_costs_its_worker_and_nobody_else(tmp_path: Path) -> None:
    large = encoded(Image.new("RGB", (6_000, 6_000)), "PNG")
    async with WorkerPool(Limits(memory_bytes=60_000_000), workers=1) as pool:
        code = await outcome(lambda source, target: pool.picture(source, target, "sticker"), tmp_path, large)
        assert code == "too_costly"
        made = await outcome(
            lambda source, target: pool.picture(source, target, "image"), tmp_path, jpeg(64, 48)
        )
        assert made == "made"


@pytest.mark.parametrize(
    ("format", "side"), [("JPEG", 13_000), ("PNG", 7_000), ("WEBP", 4_096), ("GIF", 7_000)]
)
async def test_the_largest_picture_that_is_taken_fits_into_a_worker(
    pool: WorkerPool, tmp_path: Path, format: str, side: int
) -> None:
    limits, pixels = MediaLimits(), side * side
    assert pixels <= {"JPEG": limits.jpeg_pixels, "WEBP": limits.webp_pixels}.get(format, limits.pixels)
    mode = "RGBA" if format in ("PNG", "WEBP") else "L"
    data = encoded(Image.new(mode, (side, side)), format)
    for use in ("image", "preview"):
        code = await outcome(lambda source, target: pool.picture(source, target, use), tmp_path, data)  # noqa: B023
        assert code == "made"
