"""Stickers: 512×512 WebP. Blocks, and reads hostile bytes: a worker runs it.

A WebP that has that size already is sent byte for byte, moving or not. Everything else is fitted into the
square, see-through around it; an animated GIF or WebP of another size keeps its motion.
"""

import io
import os
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from PIL import Image, ImageOps, ImageSequence

from waypost.errors import FILE_TOO_LARGE, MediaError
from waypost.media.limits import MediaLimits
from waypost.media.picture import Picture
from waypost.media.pictures import copying, finished, opened, shrink

SIDE: Final = 512
"""Pixels; what phones draw a sticker at."""

_MIMETYPE: Final = "image/webp"
_QUALITIES: Final = (90, 75, 50, 25, 5)
"""Tried in this order until the sticker is small enough."""
_FRAME_MS: Final = 100
"""Where an animation does not say how long a frame lasts."""


def to_sticker(source: Path, target: Path, limits: MediaLimits) -> Picture:
    """Make `target` a sticker of the picture in `source`.

    Raises MediaError: EMPTY_FILE, FILE_TOO_LARGE (also where no quality makes it small enough), NOT_IMAGE,
    TOO_MANY_PIXELS, CORRUPT_IMAGE.
    """
    with opened(source, limits, limits.image_bytes) as (file, image):
        animated = bool(getattr(image, "is_animated", False))
        most = limits.sticker_bytes if animated else limits.still_sticker_bytes
        if image.format == "WEBP" and image.size == (SIDE, SIDE) and _size(file) <= most:
            image.load()
            write = copying(file)
        else:
            draw = _moving(image, limits.sticker_frames) if animated else _still(image)
            write = copying(io.BytesIO(_small_enough(draw, most)))
        return finished(target, write, _MIMETYPE, (SIDE, SIDE), b"", animated)


def _small_enough(draw: Callable[[BinaryIO, int], None], most: int) -> bytes:
    """The best quality whose file has `most` bytes at most. Raises MediaError(FILE_TOO_LARGE)."""
    for quality in _QUALITIES:
        sink = io.BytesIO()
        draw(sink, quality)
        if sink.tell() <= most:
            return sink.getvalue()
    raise MediaError(FILE_TOO_LARGE, f"It has too much detail for a sticker of {most} bytes.")


def _still(image: Image.Image) -> Callable[[BinaryIO, int], None]:
    shrink(image, 2 * SIDE)
    square = _square(ImageOps.exif_transpose(image))
    return lambda sink, quality: square.save(sink, "WEBP", quality=quality)


def _moving(image: Image.Image, most: int) -> Callable[[BinaryIO, int], None]:
    """An animation as WebP, of its first `most` frames."""
    frames, durations = [], []
    for frame in islice(ImageSequence.Iterator(image), most):
        frames.append(_square(frame))
        durations.append(int(frame.info.get("duration", 0)) or _FRAME_MS)

    def draw(sink: BinaryIO, quality: int) -> None:
        first, *rest = frames
        first.save(
            sink, "WEBP", save_all=True, append_images=rest, duration=durations, loop=0, quality=quality
        )

    return draw


def _square(image: Image.Image) -> Image.Image:
    fitted = ImageOps.contain(image.convert("RGBA"), (SIDE, SIDE))
    square = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 0))
    square.paste(fitted, ((SIDE - fitted.width) // 2, (SIDE - fitted.height) // 2))
    return square


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size
