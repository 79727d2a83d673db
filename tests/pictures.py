"""Pictures for tests, drawn here."""

import io
import random
from typing import Any

from PIL import Image


def drawn(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """A picture that has something to see: every corner is of another colour."""
    image = Image.radial_gradient("L").resize((width, height)).convert(mode)
    image.paste(Image.new(mode, (max(1, width // 4), max(1, height // 4)), "red"), (0, 0))
    return image


def encoded(image: Image.Image, format: str, **more: Any) -> bytes:
    """The bytes of its file."""
    sink = io.BytesIO()
    image.save(sink, format, **more)
    return sink.getvalue()


def jpeg(width: int = 64, height: int = 48, **more: Any) -> bytes:
    return encoded(drawn(width, height), "JPEG", **more)


def turned(width: int, height: int) -> bytes:
    """A photo that lies on its side, and whose EXIF says so."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return jpeg(width, height, exif=exif)


def animation(format: str, width: int, height: int, frames: int = 3) -> bytes:
    colours = ["red", "green", "blue", "white"]
    images = [Image.new("RGB", (width, height), colours[n % 4]) for n in range(frames)]
    return encoded(images[0], format, save_all=True, append_images=images[1:], duration=80)


def noise(width: int, height: int, seed: int = 1) -> Image.Image:
    """What no encoder makes small."""
    return Image.frombytes("RGB", (width, height), random.Random(seed).randbytes(width * height * 3))
