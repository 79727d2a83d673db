"""A video that is ready to be sent."""

import msgspec


class Film(msgspec.Struct, frozen=True, kw_only=True):
    """A file on disk, with the facts that its message carries.

    `size` in bytes, `sha256` the digest of the file, `width` and `height` in pixels as it is seen, `seconds`
    at least 1, `thumbnail` a small JPEG of its first picture.
    """

    size: int
    sha256: bytes
    mimetype: str
    width: int
    height: int
    seconds: int
    thumbnail: bytes
