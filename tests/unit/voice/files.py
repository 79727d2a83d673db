"""Audio made on the spot, sound and hostile."""

import io
import struct
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame

AUDIO = Path(__file__).parents[2] / "audio"


def tone(samples: int, rate: int = 16_000, hertz: float = 440.0) -> bytes:
    """16-bit mono with slow swells, so that the waveform is not flat."""
    turns = 2 * np.pi * np.arange(samples) / rate
    values = 9000 * np.sin(hertz * turns) * (1 + np.sin(turns))
    return bytes(values.astype("<i2").tobytes())


def wav(
    data: bytes,
    *,
    rate: int = 16_000,
    channels: int = 1,
    bits: int = 16,
    code: int = 1,
    declared: int | None = None,
) -> bytes:
    """A WAV file; `declared` is what its header says the data's size is, `code` 3 means floating point."""
    width = channels * bits // 8
    shape = struct.pack(
        "<4sIHHIIHH", b"fmt ", 16, code, channels, rate, rate * width % 2**32, width % 2**16, bits
    )
    size = len(data) if declared is None else declared
    head = b"RIFF" + struct.pack("<I", min(36 + size, 2**32 - 1)) + b"WAVE"
    return head + shape + struct.pack("<4sI", b"data", size) + data


def encoded(
    data: bytes, container: str, codec: str, *, rate: int = 16_000, bitrate: int | None = None
) -> bytes:
    """16-bit mono `data` in another format."""
    target = io.BytesIO()
    with av.open(target, "w", format=container) as output:
        stream = cast("AudioStream", output.add_stream(codec, rate=rate))
        if bitrate:
            stream.bit_rate = bitrate
        frame = AudioFrame(format="s16", layout="mono", samples=len(data) // 2)
        frame.sample_rate = rate
        frame.planes[0].update(data)
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            output.mux(packet)
    return target.getvalue()


def silent_flac(seconds: int) -> bytes:
    """Silence that takes next to no space, in a file that hides its length."""
    whole = bytearray(encoded(bytes(2 * 8_000 * seconds), "flac", "flac", rate=8_000))
    whole[21] &= 0xF0  # the number of samples in STREAMINFO; 0: unknown
    whole[22:26] = bytes(4)
    return bytes(whole)


def silent_film() -> bytes:
    """An MP4 with a video track only."""
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as output:
        stream = output.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for _ in range(5):
            output.mux(stream.encode(VideoFrame(64, 64, "yuv420p")))
        output.mux(stream.encode(None))
    return target.getvalue()


def with_cover(mp3: bytes, size: int) -> bytes:
    """An MP3 behind an ID3v2.4 tag with a picture of `size` bytes."""
    body = b"\0image/jpeg\0\x03\0" + b"\xff\xd8\xff\xe0" + bytes(size)
    frame = b"APIC" + _synchsafe(len(body)) + b"\0\0" + body
    return b"ID3\x04\0\0" + _synchsafe(len(frame)) + frame + mp3


def _synchsafe(size: int) -> bytes:
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
