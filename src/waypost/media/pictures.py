"""Pictures in, pictures that every phone shows out. Blocks, and reads hostile bytes: a worker runs it.

An image message on WhatsApp is a JPEG; phones show PNG there too, but WebP, AVIF and GIF only in part, so
all but JPEG and PNG are converted. Those are sent byte for byte, with one exception: a photo
that its EXIF turns is encoded again upright, since some clients turn it and some do not.
"""

import hashlib
import io
import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from PIL import Image, ImageOps, UnidentifiedImageError

from waypost.errors import CORRUPT_IMAGE, EMPTY_FILE, FILE_TOO_LARGE, NOT_IMAGE, TOO_MANY_PIXELS, MediaError
from waypost.media.limits import MediaLimits
from waypost.media.picture import Picture
from waypost.voice.note import part_of

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF")
"""Pillow's names of what is read; its others are rare, and each is one more parser for hostile bytes."""

_JPEGS: Final = ("JPEG", "MPO")
_KEPT: Final = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png"}
_SEEN_AS_THEY_ARE: Final = frozenset({"RGB", "RGBA", "L", "LA", "P", "1", "I;16"})
_ORIENTATION: Final = 0x0112  # EXIF; 1 is upright
_QUALITY: Final = 90
_LARGEST: Final = 4096
"""Pixels of the longer side of what is encoded again; phones send no more in their best quality."""
_THUMBNAIL: Final = 100
"""Pixels of the longer side; some 2 kB, shown blurred until the picture has been fetched."""
_PREVIEW_THUMBNAIL: Final = 192
"""Pixels; all that is ever shown of a link preview of the ordinary quality."""
_PREVIEW: Final = 800
"""Pixels; the large picture of a link preview is as wide as a phone's chat."""
_THUMBNAIL_QUALITY: Final = 60
_WHITE: Final = (255, 255, 255)


_HEIC: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"})
"""Brands of ISO 23008-12, at byte 8 of a file whose first box is `ftyp`."""


def to_image(source: Path, target: Path, limits: MediaLimits) -> Picture:
    """Make `target` the picture in `source` as an image message can carry it.

    `target` appears whole or not at all. Raises MediaError: EMPTY_FILE, FILE_TOO_LARGE, NOT_IMAGE,
    TOO_MANY_PIXELS, CORRUPT_IMAGE.
    """
    with opened(source, limits, limits.image_bytes) as (file, image):
        animated = bool(getattr(image, "is_animated", False)) and image.format == "PNG"
        mimetype = _KEPT.get(image.format or "")
        if mimetype and image.mode in _SEEN_AS_THEY_ARE and image.getexif().get(_ORIENTATION, 1) == 1:
            width, height = image.size
            thumbnail = small(image, _THUMBNAIL)
            return finished(target, copying(file), mimetype, (width, height), thumbnail, animated)
        profile = image.info.get("icc_profile")
        upright = fitted(image, _LARGEST)
        thumbnail = small(upright, _THUMBNAIL, keep=True)
        return finished(target, jpeg(upright, _QUALITY, profile), "image/jpeg", upright.size, thumbnail)


def to_preview(source: Path, target: Path, limits: MediaLimits) -> Picture:
    """Make `target` the large picture of a link preview. Raises MediaError as `to_image` does."""
    with opened(source, limits, limits.image_bytes) as (_, image):
        upright = fitted(image, _PREVIEW)
        thumbnail = small(upright, _PREVIEW_THUMBNAIL, keep=True)
        return finished(target, jpeg(upright, _QUALITY, None), "image/jpeg", upright.size, thumbnail)


@contextmanager
def opened(source: Path, limits: MediaLimits, most: int) -> Iterator[tuple[BinaryIO, Image.Image]]:
    """The file and the picture in it, none of whose pixels has been decoded; `most` is in bytes.

    Whatever decoding raises inside is MediaError(CORRUPT_IMAGE), but for MemoryError.
    """
    with source.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if not size:
            raise MediaError(EMPTY_FILE)
        if size > most:
            raise MediaError(FILE_TOO_LARGE, f"The limit is {most} bytes.")
        try:
            with _unwarned(), Image.open(file, formats=FORMATS) as image:
                if image.width * image.height > _most_pixels(image.format, limits):
                    raise MediaError(TOO_MANY_PIXELS, f"It has {image.width}×{image.height}.")
                yield file, image
        except UnidentifiedImageError:
            raise MediaError(NOT_IMAGE, _known_by_name(file)) from None
        except Image.DecompressionBombError:
            raise MediaError(TOO_MANY_PIXELS) from None
        except MediaError:
            raise
        except (OSError, SyntaxError, ValueError, EOFError, IndexError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk's, not the picture's
            raise MediaError(CORRUPT_IMAGE) from None


@contextmanager
def _unwarned() -> Iterator[None]:
    """Pillow has a line written about each large picture; which is too large is decided here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield


def fitted(image: Image.Image, side: int) -> Image.Image:
    """The picture upright, in the colours of a JPEG, its longer side of `side` pixels at most; the picture
    itself becomes that small first, so that all else needs little memory."""
    shrink(image, side)
    return flat(ImageOps.exif_transpose(image))


def small(image: Image.Image, side: int, *, keep: bool = False) -> bytes:
    """A JPEG of the picture whose longer side has `side` pixels at most; without `keep` the picture itself
    becomes that small, which needs less memory."""
    little = image.copy() if keep else image
    shrink(little, side)
    return _encoded(flat(little), _THUMBNAIL_QUALITY)


def finished(
    target: Path,
    write: Callable[[BinaryIO], None],
    mimetype: str,
    size: tuple[int, int],
    thumbnail: bytes,
    animated: bool = False,
) -> Picture:
    """Put a picture in its place once it is whole."""
    part = part_of(target)
    try:
        with part.open("w+b") as sink:
            write(sink)
            sink.seek(0)
            digest, length = hashlib.file_digest(sink, "sha256"), os.fstat(sink.fileno()).st_size
        part.replace(target)
    except BaseException:
        with suppress(FileNotFoundError):
            part.unlink()
        raise
    return Picture(
        size=length,
        sha256=digest.digest(),
        mimetype=mimetype,
        width=size[0],
        height=size[1],
        thumbnail=thumbnail,
        animated=animated,
    )


def copying(file: BinaryIO) -> Callable[[BinaryIO], None]:
    """What `finished` needs to send a file byte for byte."""

    def write(sink: BinaryIO) -> None:
        file.seek(0)
        shutil.copyfileobj(file, sink)

    return write


def jpeg(image: Image.Image, quality: int, profile: bytes | None) -> Callable[[BinaryIO], None]:
    """What `finished` needs to write the picture as a JPEG. It is made in memory first: Pillow does not
    notice when a file may not grow any more."""
    return copying(io.BytesIO(_encoded(image, quality, profile)))


def shrink(image: Image.Image, side: int) -> None:
    """Make the picture itself that small at its longer side, where it is larger."""
    image.draft("RGB", (side, side))  # a JPEG is decoded at a part of its size
    image.thumbnail((side, side), reducing_gap=2.0)


def _encoded(image: Image.Image, quality: int, profile: bytes | None = None) -> bytes:
    sink = io.BytesIO()
    image.save(sink, "JPEG", quality=quality, optimize=True, icc_profile=profile)
    return sink.getvalue()


def _most_pixels(format: str | None, limits: MediaLimits) -> int:
    if format in _JPEGS:
        return limits.jpeg_pixels
    return limits.webp_pixels if format == "WEBP" else limits.pixels


def flat(image: Image.Image) -> Image.Image:
    """The picture in the colours of a JPEG, on white where it can be seen through."""
    if image.mode in ("RGB", "L"):
        return image
    if image.has_transparency_data:
        over = image.convert("RGBA")
        flat = Image.new("RGB", over.size, _WHITE)
        flat.paste(over, mask=over.getchannel("A"))
        return flat
    return image.convert("RGB")


def _known_by_name(file: BinaryIO) -> str | None:
    """What to do with a picture of a format that is known and not read."""
    file.seek(0)
    head = file.read(12)
    if head[4:8] == b"ftyp" and head[8:] in _HEIC:
        return "It is HEIC, as iPhones keep their photos: convert it to JPEG first."
    return None
