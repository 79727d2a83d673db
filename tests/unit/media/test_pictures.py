"""What becomes of pictures, whole and hostile."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.pictures import animation, drawn, encoded, jpeg, noise, turned

from waypost.errors import MediaError
from waypost.media.limits import MediaLimits
from waypost.media.picture import Picture
from waypost.media.pictures import to_image, to_preview
from waypost.media.stickers import to_sticker

LIMITS = MediaLimits()


def made(
    folder: Path, data: bytes, make: Any = to_image, limits: MediaLimits = LIMITS
) -> tuple[Picture, Image.Image]:
    source, target = folder / "source", folder / "target"
    source.write_bytes(data)
    picture: Picture = make(source, target, limits)
    assert picture.size == target.stat().st_size
    return picture, Image.open(io.BytesIO(target.read_bytes()))


def refused(folder: Path, data: bytes, make: Any = to_image, limits: MediaLimits = LIMITS) -> str:
    (folder / "source").write_bytes(data)
    with pytest.raises(MediaError) as failed:
        make(folder / "source", folder / "target", limits)
    assert {path.name for path in folder.iterdir()} == {"source"}
    return failed.value.code


@pytest.mark.parametrize("data", [jpeg(300, 200), encoded(drawn(300, 200, "RGBA"), "PNG")])
def test_jpeg_and_png_stay_as_they_are(tmp_path: Path, data: bytes) -> None:
    picture, _ = made(tmp_path, data)
    assert (tmp_path / "target").read_bytes() == data
    assert (picture.width, picture.height) == (300, 200)
    assert Image.open(io.BytesIO(picture.thumbnail)).size == (100, 67)
    assert len(picture.thumbnail) < 8_000


def test_what_is_seen_through_becomes_white(tmp_path: Path) -> None:
    _, image = made(tmp_path, encoded(Image.new("RGBA", (20, 20), (255, 0, 0, 0)), "WEBP", lossless=True))
    assert image.getpixel((10, 10)) == (255, 255, 255)


def test_a_jpeg_in_the_colours_of_a_press_becomes_one_in_those_of_a_screen(tmp_path: Path) -> None:
    picture, image = made(tmp_path, encoded(drawn(60, 40).convert("CMYK"), "JPEG"))
    assert (image.mode, picture.mimetype) == ("RGB", "image/jpeg")


def test_a_photo_is_turned_and_measured_as_it_is_seen(tmp_path: Path) -> None:
    picture, image = made(tmp_path, turned(300, 200))
    assert (picture.width, picture.height) == image.size == (200, 300)
    assert Image.open(io.BytesIO(picture.thumbnail)).size == (67, 100)


def test_a_preview_has_a_small_and_a_large_picture(tmp_path: Path) -> None:
    picture, image = made(tmp_path, jpeg(1600, 1000), to_preview)
    assert (picture.width, picture.height) == image.size == (800, 500)
    assert Image.open(io.BytesIO(picture.thumbnail)).size == (192, 120)


def png_of(width: int, height: int) -> bytes:
    """A PNG of that size that ends after its first bytes."""
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", b"\x78\x9c"))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


@pytest.mark.parametrize("make", [to_image, to_sticker, to_preview])
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"not a picture", "not_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_image"),
        (png_of(30_000, 30_000), "too_many_pixels"),
        (png_of(9_000, 9_000), "too_many_pixels"),
        (png_of(100, 100), "corrupt_image"),
        (jpeg(300, 200)[:1_000], "corrupt_image"),
        (animation("WEBP", 512, 512)[:300], "corrupt_image"),
        (b"\xff\xd8\xff\xe0" + b"\x00" * 64, "corrupt_image"),
    ],
    ids=lambda value: value if isinstance(value, str) else "picture",
)
def test_what_can_t_be_a_picture_is_refused_and_leaves_nothing(
    tmp_path: Path, make: Any, data: bytes, code: str
) -> None:
    found = refused(tmp_path, data, make)
    # Whether torn bytes are a damaged picture or none at all, the library may decide.
    assert found == code or {found, code} == {"corrupt_image", "not_image"}


def test_a_photo_as_iphones_keep_it_is_called_by_its_name(tmp_path: Path) -> None:
    source = tmp_path / "photo"
    source.write_bytes(b"\0\0\0\x24ftypheic" + bytes(64))
    with pytest.raises(MediaError, match="It is HEIC"):
        to_image(source, tmp_path / "target", MediaLimits())


def test_a_picture_larger_than_whatsapp_takes_is_refused_before_it_is_read(tmp_path: Path) -> None:
    assert refused(tmp_path, jpeg(300, 200), limits=MediaLimits(image_bytes=1_000)) == "file_too_large"


def test_a_sticker_is_a_square_of_512_whatever_it_was(tmp_path: Path) -> None:
    picture, image = made(tmp_path, encoded(drawn(300, 100), "PNG"), to_sticker)
    assert (image.format, image.size, picture.mimetype) == ("WEBP", (512, 512), "image/webp")
    assert image.convert("RGBA").getpixel((256, 10)) == (0, 0, 0, 0)
    assert image.convert("RGBA").getpixel((256, 256))[3] == 255  # type: ignore[index]
    assert (picture.width, picture.height, picture.animated) == (512, 512, False)


def test_a_sticker_that_is_one_already_stays_as_it_is(tmp_path: Path) -> None:
    for data in (encoded(drawn(512, 512), "WEBP"), animation("WEBP", 512, 512)):
        picture, _ = made(tmp_path, data, to_sticker)
        assert (tmp_path / "target").read_bytes() == data
    assert picture.animated is True


@pytest.mark.parametrize("format", ["GIF", "WEBP"])
def test_an_animation_becomes_a_sticker_that_moves_as_it_did(tmp_path: Path, format: str) -> None:
    picture, image = made(tmp_path, animation(format, 100, 50, frames=4), to_sticker)
    assert (image.format, image.size, picture.animated) == ("WEBP", (512, 512), True)
    assert getattr(image, "n_frames", 1) == 4
    image.load()
    assert image.info["duration"] == 80


def test_a_long_animation_is_cut(tmp_path: Path) -> None:
    limits = MediaLimits(sticker_frames=2)
    _, image = made(tmp_path, animation("GIF", 100, 50, frames=4), to_sticker, limits)
    assert getattr(image, "n_frames", 1) == 2


def test_a_sticker_is_made_small_enough_or_refused(tmp_path: Path) -> None:
    busy = encoded(noise(256, 256), "PNG")
    picture, _ = made(tmp_path, busy, to_sticker)
    assert picture.size <= LIMITS.still_sticker_bytes
    (tmp_path / "target").unlink()
    assert refused(tmp_path, busy, to_sticker, MediaLimits(still_sticker_bytes=1_000)) == "file_too_large"


def test_a_large_photo_is_taken_without_a_line_on_standard_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)
    (tmp_path / "source").write_bytes(jpeg(150, 100))
    assert to_image(tmp_path / "source", tmp_path / "target", LIMITS).width == 150
    assert list(recwarn) == []
