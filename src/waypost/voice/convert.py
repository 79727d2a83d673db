"""One conversion, in this process: bytes in, a native note out, in one pass over the sound, or in two where
its loudness has to be known first (a target was set, or more than two channels may add up beyond full scale).

The bitrate is decided before the pass where the container states the length: 16 kbit/s when 20 would exceed
what phones play at once. Where it states nothing, or something untrue, the pass begins at 20 and starts
again, lower, when the note has grown too large; the same happens when libopus leaves SILK wideband. Starting
again costs at most the encoding of `play_bytes`, and keeps memory bounded, which holding back the sound would
not.
"""

import os
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from waypost.errors import CORRUPT_AUDIO, EMPTY_FILE, NOT_NATIVE, TOO_LARGE, UNSUPPORTED_FORMAT, VoiceError
from waypost.voice.decode import Decoding, Tick, samples_of
from waypost.voice.encode import NoteEncoder, NoteFile, TryLower
from waypost.voice.inspect import inspect
from waypost.voice.limits import Limits
from waypost.voice.loudness import NEAR_DB, decibels, gain_for, measure
from waypost.voice.note import Note, part_of, whole_seconds
from waypost.voice.resample import Mix, may_exceed
from waypost.voice.sniff import OGG, Container, sniff
from waypost.voice.waveform import Waveform

_COPY_BYTES = 256 * 1024


def convert(source: Path, target: Path, limits: Limits, tick: Tick) -> Note:
    """Make `target` a native note of the sound in `source`; `tick` is called with the seconds decoded so far.

    `target` appears whole or not at all: it is written beside itself (`part_of`) and renamed. It is not
    fsynced; whoever keeps it does that. Raises VoiceError, and whatever `tick` raises.
    """
    with source.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if not size:
            raise VoiceError(EMPTY_FILE)
        if size > limits.input_bytes:
            raise VoiceError(TOO_LARGE)
        container = sniff(file)
        part = part_of(target)
        try:
            gain = None
            if limits.normalize is not None:
                with closing(Decoding(file, size, container, limits)) as decoding:
                    gain, tick = _measured(decoding, limits, tick)
            note = None
            if container is OGG and (gain is None or abs(decibels(gain)) < NEAR_DB):
                note = _passed_through(file, part, limits, tick)
            if note is None:
                note = _converted(file, size, container, part, limits, tick, gain)
            part.replace(target)
        except BaseException:
            with suppress(FileNotFoundError):
                part.unlink()
            raise
    return replace(note, path=target)


def first_bitrate(declared_seconds: float | None, limits: Limits) -> int:
    """Index into `limits.bitrates` of where to begin, by the length that the container states (None:
    unknown)."""
    longest = limits.play_bytes * 8 / limits.bitrates[0]
    return 1 if len(limits.bitrates) > 1 and (declared_seconds or 0.0) > longest else 0


def _passed_through(file: BinaryIO, part: Path, limits: Limits, tick: Tick) -> Note | None:
    """A copy of a note that is native already; None when it is not, or a packet can't be decoded."""
    try:
        found = inspect(file, limits, tick)
    except VoiceError as error:
        if error.fault in (NOT_NATIVE, CORRUPT_AUDIO, UNSUPPORTED_FORMAT):
            return None
        raise
    with part.open("wb") as sink:
        target = NoteFile(sink, limits.note_bytes)
        file.seek(0)
        while data := file.read(_COPY_BYTES):
            target.write(data)
    return _note(part, target, found.samples, found.waveform, found.profile.bitrate, passthrough=True)


def _measured(decoding: Decoding, limits: Limits, tick: Tick) -> tuple[float, Tick]:
    """The factor for the sound of `decoding`, which is used up by that, and the tick of the passes to come:
    what was decoded here is to be paid for as well."""
    gain = gain_for(measure(decoding, tick), limits.normalize)
    heard = decoding.seconds
    return gain, lambda seconds: tick(heard + seconds)


def _converted(
    file: BinaryIO,
    size: int,
    container: Container,
    part: Path,
    limits: Limits,
    tick: Tick,
    gain: float | None,
) -> Note:
    index: int | None = None
    while True:
        with closing(Decoding(file, size, container, limits)) as decoding:
            if index is None:
                index = first_bitrate(decoding.declared_seconds, limits)
            if gain is None and may_exceed(decoding.channels):
                gain, tick = _measured(decoding, limits, tick)
                continue
            try:
                return _encoded(decoding, index, part, limits, tick, Mix(gain or 1.0))
            except TryLower as reason:
                index += 1
                if index == len(limits.bitrates):
                    raise VoiceError(NOT_NATIVE, f"No bitrate gives one: {reason}.") from reason


def _encoded(decoding: Decoding, index: int, part: Path, limits: Limits, tick: Tick, mix: Mix) -> Note:
    """One pass at `limits.bitrates[index]`. Only the first bitrate yields to size: 16 kbit/s is as low as
    notes go."""
    waveform = Waveform()
    bitrate = limits.bitrates[index]
    with part.open("wb") as sink:
        target = NoteFile(sink, limits.note_bytes)
        encoder = NoteEncoder(target, bitrate, play_bytes=None if index else limits.play_bytes)
        for frame in decoding.frames(tick, mix):
            waveform.add(samples_of(frame))
            encoder.write(frame)
        decoding.check()
        encoder.finish()
    return _note(part, target, waveform.samples, waveform.values(), bitrate, passthrough=False)


def _note(
    path: Path, target: NoteFile, samples: int, waveform: bytes, bitrate: int, *, passthrough: bool
) -> Note:
    return Note(
        path=path,
        size=target.size,
        sha256=target.digest(),
        samples=samples,
        seconds=whole_seconds(samples),
        waveform=waveform,
        bitrate=bitrate,
        passthrough=passthrough,
    )
