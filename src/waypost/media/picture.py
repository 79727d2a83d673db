"""A picture that is ready to be sent."""

from typing import Literal

import msgspec

Use = Literal["image", "sticker", "preview", "portrait"]
"""What a picture is made for: a message of its own, a sticker, the picture of a link preview, that of a group
or an account."""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A file on disk, with the facts that its message carries.

    `size` in bytes, `sha256` the digest of the file, `width` and `height` in pixels as it is seen,
    `thumbnail` a small JPEG.
    """

    size: int
    sha256: bytes
    mimetype: str
    width: int
    height: int
    thumbnail: bytes
    animated: bool = False
