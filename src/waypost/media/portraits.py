"""The picture of a group or an account. Blocks, and reads hostile bytes: a worker runs it."""

from pathlib import Path
from typing import Final

from PIL import ImageOps

from waypost.media.limits import MediaLimits
from waypost.media.picture import Picture
from waypost.media.pictures import finished, flat, jpeg, opened, small

_SIDE: Final = 640
"""Pixels; what phones upload. Larger ones are refused."""
_QUALITY: Final = 85
_THUMBNAIL: Final = 96


def to_portrait(source: Path, target: Path, limits: MediaLimits) -> Picture:
    """Make `target` the middle square of the picture in `source`, as a JPEG.

    `target` appears whole or not at all. Raises MediaError as `pictures.to_image` does.
    """
    with opened(source, limits, limits.image_bytes) as (_, image):
        image.draft("RGB", (_SIDE, _SIDE))
        upright = flat(ImageOps.exif_transpose(image))
        side = min(_SIDE, *upright.size)
        square = ImageOps.fit(upright, (side, side))
        thumbnail = small(square, _THUMBNAIL, keep=True)
        return finished(target, jpeg(square, _QUALITY, None), "image/jpeg", square.size, thumbnail)
