"""What a picture or a video may be, and what the message shows of it before it is downloaded."""

from typing import Final

import msgspec

DOCUMENT_BYTES: Final = 100 * 1024 * 1024
"""WhatsApp's documented limit of a document (developers.facebook.com, WhatsApp Cloud API, media)."""


class MediaLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of pictures and videos; each default carries its reason. Sent to every worker when it starts."""

    image_bytes: int = 16 * 1024 * 1024
    """Bytes; what WhatsApp's clients take as a picture, above that it is a document."""

    video_bytes: int = 16 * 1024 * 1024
    """Bytes; WhatsApp's documented limit of a video."""

    pixels: int = 50_000_000
    """Width times height; decoding takes 4 bytes for each, and most formats twice that for a while."""

    jpeg_pixels: int = 170_000_000
    """The same for JPEG, which is decoded at a part of its size: photos of 108 MP pass."""

    webp_pixels: int = 4096 * 4096
    """The same for WebP, whose decoder holds a picture three times."""

    sticker_bytes: int = 500 * 1024
    """Bytes; WhatsApp's documented limit of an animated sticker."""

    still_sticker_bytes: int = 100 * 1024
    """Bytes; the same for one that does not move: others are encoded again, smaller."""

    sticker_frames: int = 150
    """Frames of an animation that is made a sticker; ten seconds at what most GIFs have."""

    video_pixels: int = 4096 * 2304
    """Width times height; the decoders in phones end there."""

    video_seconds: float = 3600.0
    """Seconds; a video of 16 MB that claims more is an attack."""
