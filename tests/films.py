"""Videos for tests, encoded here."""

import io
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream


def film(
    format: str = "mp4",
    *,
    width: int = 64,
    height: int = 48,
    seconds: int = 2,
    video: str | None = "libx264",
    sound: str | None = "aac",
    pixels: str = "yuv420p",
    turned: int = 0,
) -> bytes:
    """A red video; `turned` degrees are what a phone notes that was held on its side."""
    sink = io.BytesIO()
    with av.open(sink, "w", format=format) as made:
        pictures: VideoStream | None = None
        if video is not None:
            pictures = cast("VideoStream", made.add_stream(video, rate=10))
            pictures.width, pictures.height, pictures.pix_fmt = width, height, pixels
            if turned:
                pictures.set_display_rotation(turned)
        sounds = None if sound is None else cast("AudioStream", made.add_stream(sound, rate=16_000))
        if pictures is not None:
            red = np.full((height, width, 3), (200, 10, 10), np.uint8)
            for _ in range(seconds * 10):
                made.mux(pictures.encode(av.VideoFrame.from_ndarray(red, format="rgb24")))
            made.mux(pictures.encode())
        if sounds is not None:
            for _ in range(seconds * 16_000 // 1024):
                silence = av.AudioFrame.from_ndarray(
                    np.zeros((1, 1024), np.float32), format="fltp", layout="mono"
                )
                silence.sample_rate = 16_000
                made.mux(sounds.encode(silence))
            made.mux(sounds.encode())
    return sink.getvalue()
