"""The program that converts: one process, one job at a time, orders over the socket that is its standard
input."""

import errno
import io
import os
import signal
import socket
import struct
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from waypost.errors import INTERNAL, TOO_COSTLY, TOO_LARGE, MediaError, VoiceError
from waypost.media.limits import MediaLimits
from waypost.voice.limits import Limits
from waypost.workers import confine
from waypost.workers.protocol import (
    LENGTH_BYTES,
    AnyJob,
    Done,
    Failed,
    Filmed,
    FilmJob,
    Job,
    Made,
    Paged,
    PageJob,
    Pictured,
    Progress,
    Ready,
    Setup,
    length_of,
    pack,
    unpack_order,
)

_SPEAK_EVERY: Final = 1.0
"""Seconds between two words of progress."""


class Meter:
    """Watches what one job costs; called at every packet."""

    def __init__(self, limits: Limits, channel: socket.socket) -> None:
        self._limits = limits
        self._channel = channel
        self._began = time.process_time()
        self._spoke = time.monotonic()
        self._granted = 0.0
        self._grant(0.0)

    def tick(self, seconds: float) -> None:
        """Speak if it is time to; VoiceError(TOO_COSTLY) when `seconds` of audio took too much CPU."""
        allowed = self._limits.cpu_for(seconds)
        if time.process_time() - self._began > allowed:
            raise VoiceError(TOO_COSTLY, "It needs too much time.")
        if allowed > self._granted:
            self._grant(seconds)
        if time.monotonic() - self._spoke >= _SPEAK_EVERY:
            self._spoke = time.monotonic()
            self._channel.sendall(pack(Progress(seconds)))

    def _grant(self, seconds: float) -> None:
        # The frame loop notices first; the kernel's limit is for a single call that never comes back.
        self._granted = self._limits.cpu_for(seconds)
        confine.limit_cpu(self._began + self._granted + 1)


def main() -> None:
    """Serve until the gateway closes the socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the gateway's to handle
    confine.die_with(int(sys.argv[1]))
    channel = socket.socket(fileno=os.dup(0))
    setup = _receive(channel)
    if not isinstance(setup, Setup):
        return
    networkless = confine.drop_network()
    limits, media = setup.limits, setup.media
    confine.limit_process(
        max(limits.note_bytes, limits.input_bytes, 2 * media.image_bytes, 2 * media.video_bytes)
    )
    _warm_up()
    confine.limit_memory(limits.memory_bytes)
    channel.sendall(pack(Ready(networkless)))
    while isinstance(job := _receive(channel), AnyJob):
        channel.sendall(pack(Progress(0.0)))
        answer = work(job, limits, media, Meter(limits, channel).tick)
        channel.sendall(pack(answer))
        if isinstance(answer, Failed) and answer.last:
            return


def work(job: AnyJob, limits: Limits, media: MediaLimits, tick: Callable[[float], None]) -> Made | Failed:
    """Do one job, and turn every failure that is not a bug into an answer."""
    try:
        return _done(job, limits, media, tick)
    except (VoiceError, MediaError) as error:
        return Failed(error.code, error.detail, dict(error.facts), last=error.fault is TOO_COSTLY)
    except MemoryError:
        return Failed(TOO_COSTLY.code, "It needs too much memory.", {}, last=True)
    except OSError as error:
        if error.errno == errno.EFBIG:  # the kernel's limit of a file
            return Failed(TOO_LARGE.code, "What is made of it would be too large.", {}, last=False)
        # The disk or the paths, not the file: the same job may go well later.
        traceback.print_exc()
        return Failed(INTERNAL.code, error.strerror, {}, last=True)


def _done(job: AnyJob, limits: Limits, media: MediaLimits, tick: Callable[[float], None]) -> Made:
    """What comes of a job. What only some jobs need is imported when the first one comes: memory is counted
    from what a worker holds at its start."""
    if isinstance(job, Job):
        from waypost.voice.convert import convert

        note = convert(job.source, job.target, limits, tick)
        return Done(note, _lufs(job.target, limits, tick) if job.measure else None)
    if isinstance(job, PageJob):
        from waypost.media.pages import read_page

        return Paged(read_page(job.source))
    if isinstance(job, FilmJob):
        from waypost.media.films import to_film

        return Filmed(to_film(job.source, job.target, media, tick))
    from waypost.media import pictures, portraits, stickers

    make = {
        "image": pictures.to_image,
        "preview": pictures.to_preview,
        "sticker": stickers.to_sticker,
        "portrait": portraits.to_portrait,
    }
    return Pictured(make[job.use](job.source, job.target, media))


def _lufs(note: Path, limits: Limits, tick: Callable[[float], None]) -> float:
    from waypost.voice.decode import Decoding
    from waypost.voice.loudness import measure
    from waypost.voice.sniff import sniff

    with note.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        with closing(Decoding(file, size, sniff(file), limits)) as decoding:
            return measure(decoding, tick).lufs


def _warm_up() -> None:
    """Load FFmpeg and run what every job runs, so that the first job does not pay for it."""
    import av.logging

    from waypost.voice.decode import Decoding, samples_of
    from waypost.voice.encode import NoteEncoder, NoteFile
    from waypost.voice.sniff import sniff
    from waypost.voice.waveform import Waveform

    av.logging.set_level(None)
    wav = io.BytesIO(_noise())
    limits = Limits()
    encoder = NoteEncoder(NoteFile(io.BytesIO(), limits.note_bytes), limits.bitrates[0], None)
    waveform = Waveform()
    with closing(Decoding(wav, len(wav.getvalue()), sniff(wav), limits)) as decoding:
        for frame in decoding.frames(lambda _: None):
            waveform.add(samples_of(frame))
            encoder.write(frame)
    encoder.finish()
    waveform.values()


def _noise() -> bytes:
    """A WAV of 0.2 s at 44.1 kHz, stereo, that is not silent."""
    sound = bytes(range(256)) * 138
    shape = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, 44_100, 176_400, 4, 16)
    data = struct.pack("<4sI", b"data", len(sound)) + sound
    return b"RIFF" + struct.pack("<I", 4 + len(shape) + len(data)) + b"WAVE" + shape + data


def _receive(channel: socket.socket) -> Setup | AnyJob | None:
    prefix = _exactly(channel, LENGTH_BYTES)
    body = _exactly(channel, length_of(prefix)) if prefix else b""
    return unpack_order(body) if body else None


def _exactly(channel: socket.socket, size: int) -> bytes:
    """`size` bytes, or none when the other side has closed."""
    data = b""
    while len(data) < size:
        more = channel.recv(size - len(data))
        if not more:
            return b""
        data += more
    return data


if __name__ == "__main__":
    main()
