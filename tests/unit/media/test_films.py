"""What becomes of videos, whole and hostile."""

import io
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from PIL import Image
from tests.films import film
from tests.pictures import jpeg

from waypost.errors import MediaError
from waypost.media.film import Film
from waypost.media.films import to_film
from waypost.media.limits import MediaLimits

AUDIO = Path(__file__).parents[2] / "audio"
LIMITS = MediaLimits()


def nothing(_: float) -> None:
    pass


def made(folder: Path, data: bytes) -> Film:
    (folder / "source").write_bytes(data)
    found = to_film(folder / "source", folder / "target", LIMITS, nothing)
    assert found.size == (folder / "target").stat().st_size
    return found


def refused(folder: Path, data: bytes, limits: MediaLimits = LIMITS) -> str:
    (folder / "source").write_bytes(data)
    with pytest.raises(MediaError) as failed:
        to_film(folder / "source", folder / "target", limits, nothing)
    assert {path.name for path in folder.iterdir()} == {"source"}
    return failed.value.code


@pytest.mark.parametrize("sound", ["aac", None])
def test_an_mp4_of_what_phones_play_stays_as_it_is(tmp_path: Path, sound: str | None) -> None:
    data = film(sound=sound)
    found = made(tmp_path, data)
    assert (tmp_path / "target").read_bytes() == data
    assert (found.width, found.height, found.seconds, found.mimetype) == (64, 48, 2, "video/mp4")
    thumbnail = Image.open(io.BytesIO(found.thumbnail))
    assert thumbnail.size == (64, 48)
    red, green, _ = thumbnail.convert("RGB").getpixel((30, 20))  # type: ignore[misc]
    assert red > 150 > 60 > green


@pytest.mark.parametrize("format", ["mov", "matroska"])
def test_the_same_in_another_container_is_put_into_an_mp4(tmp_path: Path, format: str) -> None:
    found = made(tmp_path, film(format, turned=90))
    data = (tmp_path / "target").read_bytes()
    with av.open(io.BytesIO(data), "r") as opened:
        assert opened.metadata["major_brand"] == "isom"
        names = [one.codec_context.name for one in (opened.streams.video[0], opened.streams.audio[0])]
        assert names == ["h264", "aac"]
        frames = list(opened.decode(video=0))
        assert (len(frames), abs(frames[0].rotation)) == (20, 90)
    assert data.index(b"moov") < data.index(b"mdat")
    assert (found.width, found.height, found.seconds) == (48, 64, 2)


def test_a_video_held_on_its_side_is_measured_as_it_is_seen(tmp_path: Path) -> None:
    found = made(tmp_path, film(width=320, height=180, turned=-90))
    assert (found.width, found.height) == (180, 320)
    assert Image.open(io.BytesIO(found.thumbnail)).size == (56, 100)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: b"", "empty_file"),
        (lambda: b"not a video", "not_video"),
        (lambda: jpeg(), "not_video"),
        (lambda: b"#EXTM3U\nhttp://127.0.0.1/x.ts\n", "not_video"),
        (lambda: (AUDIO / "blip.wav").read_bytes(), "no_video_track"),
        (lambda: film(video=None), "no_video_track"),
        (lambda: film("webm", video="libvpx", sound="libopus"), "unsupported_video"),
        (lambda: film(video="mpeg4"), "unsupported_video"),
        (lambda: film("matroska", sound="libopus"), "unsupported_video"),
        (lambda: film(pixels="yuv444p"), "unsupported_video"),
        (lambda: film("avi", sound=None), "unsupported_video"),
        (lambda: film("mpegts"), "unsupported_video"),
        (lambda: film(seconds=1)[:900], "corrupt_video"),
    ],
    # No two encoders make the same bytes, and names of tests must be the same in every process.
    ids=lambda value: value if isinstance(value, str) else "video",
)
def test_what_phones_do_not_play_is_refused_and_leaves_nothing(
    tmp_path: Path, make: Callable[[], bytes], code: str
) -> None:
    assert refused(tmp_path, make()) == code


def test_a_video_beyond_a_limit_is_refused(tmp_path: Path) -> None:
    data = film()
    assert refused(tmp_path, data, MediaLimits(video_bytes=1_000)) == "file_too_large"
    assert refused(tmp_path, data, MediaLimits(video_pixels=1_000)) == "too_many_pixels"
    assert refused(tmp_path, data, MediaLimits(video_seconds=1)) == "too_long"


def test_the_first_picture_missing_costs_only_the_first_picture(tmp_path: Path) -> None:
    data = bytearray(film("matroska", seconds=3))
    at = data.index(b"\x00\x00\x00\x01") if b"\x00\x00\x00\x01" in data else len(data) // 3
    data[at + 40 : at + 60] = bytes(20)
    assert made(tmp_path, bytes(data)).seconds == 3


def test_a_download_that_broke_off_is_damaged_though_its_index_is_whole(tmp_path: Path) -> None:
    made(tmp_path, film("mov"))
    data = (tmp_path / "target").read_bytes()  # its index is in front
    (tmp_path / "target").unlink()
    media = len(data) - data.index(b"mdat")
    assert refused(tmp_path, data[: -media // 3]) == "corrupt_video"
    assert made(tmp_path, data[: -media // 50]).seconds == 2
