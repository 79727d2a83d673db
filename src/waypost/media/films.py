"""Videos in, MP4 that every phone plays out. Blocks, and reads hostile bytes: a worker runs it.

Phones play H.264 with AAC in MP4 and not much else, and encoding video takes more time than a gateway has.
So an MP4 of these is sent byte for byte, the same streams in another container (QuickTime, Matroska) are put
into an MP4 without touching a picture, and everything else is refused with a sentence.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import IO, Any, BinaryIO, Final, cast

import av
import av.error
from av.audio.stream import AudioStream
from av.container.input import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from waypost.errors import (
    CORRUPT_VIDEO,
    EMPTY_FILE,
    FILE_TOO_LARGE,
    NO_VIDEO_TRACK,
    NOT_VIDEO,
    TOO_LONG,
    TOO_MANY_PIXELS,
    UNSUPPORTED_FORMAT,
    UNSUPPORTED_VIDEO,
    MediaError,
    VoiceError,
)
from waypost.media.film import Film
from waypost.media.limits import MediaLimits
from waypost.media.pictures import copying, finished, small
from waypost.voice.decode import Nameless
from waypost.voice.sniff import MATROSKA, MOV, Container, sniff

MIMETYPE: Final = "video/mp4"

Tick = Callable[[float], None]

_VIDEO: Final = "h264"
_SOUND: Final = "aac"
_PIXELS_OF_PHONES: Final = frozenset({"yuv420p", "yuvj420p"})
"""8 bits, colours at half the size: the decoders in phones know no other."""
_THUMBNAIL: Final = 100
"""Pixels of the longer side."""
_PICTURE: Final = 400
"""Pixels of the picture that the thumbnail is made of."""
_LOST_SHARE: Final = 0.1
"""Of a file that may be missing, as for sound."""
_PROBE_BYTES: Final = 1024 * 1024


def to_film(source: Path, target: Path, limits: MediaLimits, tick: Tick) -> Film:
    """Make `target` the video in `source` as a video message can carry it; `tick` is called with the seconds
    done so far.

    `target` appears whole or not at all. Raises MediaError: EMPTY_FILE, FILE_TOO_LARGE, NOT_VIDEO,
    NO_VIDEO_TRACK, UNSUPPORTED_VIDEO, TOO_MANY_PIXELS, TOO_LONG, CORRUPT_VIDEO; and whatever `tick` raises.
    """
    with source.open("rb") as file:
        size = source.stat().st_size
        if not size:
            raise MediaError(EMPTY_FILE)
        if size > limits.video_bytes:
            raise MediaError(FILE_TOO_LARGE, f"The limit is {limits.video_bytes} bytes.")
        container = _container_of(file)
        with _translated(), closing(_open(file, container)) as opened:
            _check_whole(opened, size)
            return _film(file, opened, container, target, limits, tick)


def _film(
    file: BinaryIO,
    opened: InputContainer,
    container: Container,
    target: Path,
    limits: MediaLimits,
    tick: Tick,
) -> Film:
    video = _streams(opened)[0]
    if not video.width or not video.height:
        raise MediaError(CORRUPT_VIDEO)
    if video.width * video.height > limits.video_pixels:
        raise MediaError(TOO_MANY_PIXELS, f"It has {video.width}×{video.height}.")
    seconds = _seconds(opened, video)
    if seconds > limits.video_seconds:
        raise MediaError(TOO_LONG, f"The limit is {limits.video_seconds:g} seconds.")
    picture, turned = _first_picture(opened, video, tick)
    size = (video.height, video.width) if turned else (video.width, video.height)
    thumbnail = small(picture, _THUMBNAIL)
    write = copying(file) if _is_mp4(opened, container) else _remuxed(file, container, tick)
    done = finished(target, write, MIMETYPE, size, thumbnail)
    return Film(
        size=done.size,
        sha256=done.sha256,
        mimetype=MIMETYPE,
        width=done.width,
        height=done.height,
        seconds=max(1, round(seconds)),
        thumbnail=thumbnail,
    )


def _container_of(file: BinaryIO) -> Container:
    try:
        container = sniff(file)
    except VoiceError as error:
        fault = UNSUPPORTED_VIDEO if error.fault is UNSUPPORTED_FORMAT else NOT_VIDEO
        raise MediaError(fault) from error
    if container not in (MOV, MATROSKA):
        raise MediaError(NO_VIDEO_TRACK)  # sound, or sound and a picture of its cover
    file.seek(0)
    return container


def _open(file: BinaryIO, container: Container) -> InputContainer:
    return av.open(
        cast("IO[bytes]", Nameless(file)),
        "r",
        format=container.demuxer,
        metadata_errors="replace",
        container_options={
            "format_whitelist": container.demuxer,
            "protocol_whitelist": "none",
            "codec_whitelist": f"{_VIDEO},{_SOUND}",
            "probesize": str(_PROBE_BYTES),
        },
    )


def _streams(opened: InputContainer) -> tuple[VideoStream, AudioStream | None]:
    """The picture and the sound, where they are what phones play. Raises MediaError."""
    videos = [one for one in opened.streams.video if not one.disposition & Disposition.attached_pic]
    if not videos:
        raise MediaError(NO_VIDEO_TRACK)
    video, sounds = videos[0], opened.streams.audio
    context: Any = video.codec_context  # None where nothing decodes it
    if context is None or context.name != _VIDEO or context.pix_fmt not in _PIXELS_OF_PHONES:
        raise MediaError(UNSUPPORTED_VIDEO)
    sound: Any = sounds[0].codec_context if sounds else None
    if sounds and (sound is None or sound.name != _SOUND):
        raise MediaError(UNSUPPORTED_VIDEO)
    return video, sounds[0] if sounds else None


def _check_whole(opened: InputContainer, size: int) -> None:
    """Raises MediaError(CORRUPT_VIDEO) where too much of what the index names lies beyond the file's end, as
    after a download that broke off: phones would play to there and no further."""
    named = there = 0
    for stream in _streams(opened):
        for entry in () if stream is None else stream.index_entries:
            named += entry.size
            there += entry.size if entry.pos + entry.size <= size else 0
    if there < named * (1 - _LOST_SHARE):
        raise MediaError(CORRUPT_VIDEO)


def _seconds(opened: InputContainer, video: VideoStream) -> float:
    if video.duration is not None and video.time_base is not None:
        return float(video.duration * video.time_base)
    return float(Fraction(opened.duration or 0, av.time_base))


def _first_picture(opened: InputContainer, video: VideoStream, tick: Tick) -> tuple[Image.Image, bool]:
    """The first picture, small and upright, and whether it had to be laid on its side for that."""
    video.codec_context.thread_count = 1
    for packet in opened.demux(video):
        tick(0.0)
        try:
            frame = next(iter(packet.decode()), None)
        except av.error.InvalidDataError:
            continue  # a torn start; phones skip it, too
        if frame is None:
            continue
        return _small(frame).rotate(frame.rotation, expand=True), frame.rotation % 180 == 90
    raise MediaError(CORRUPT_VIDEO, "No picture of it can be decoded.")


def _small(frame: VideoFrame) -> Image.Image:
    scale = _PICTURE / max(frame.width, frame.height, _PICTURE)
    width, height = (max(2, round(side * scale)) for side in (frame.width, frame.height))
    image: Image.Image = frame.reformat(width=width, height=height, format="rgb24").to_image()  # type: ignore[no-untyped-call]
    return image


def _is_mp4(opened: InputContainer, container: Container) -> bool:
    """Whether it is an MP4 and not Apple's older relative, which phones of other makers do not all read."""
    return container is MOV and not opened.metadata.get("major_brand", "qt").startswith("qt")


def _remuxed(file: BinaryIO, container: Container, tick: Tick) -> Callable[[BinaryIO], None]:
    """The same streams in an MP4."""

    def write(sink: BinaryIO) -> None:
        file.seek(0)
        # By its path: the index is moved to the front at the end, which needs a second look at the file.
        with (
            closing(_open(file, container)) as opened,
            av.open(sink.name, "w", format="mp4", options={"movflags": "+faststart"}) as made,
        ):
            streams = {
                one.index: made.add_stream_from_template(one) for one in _streams(opened) if one is not None
            }
            video = _streams(opened)[0]
            packets = opened.demux(*(opened.streams[index] for index in streams))
            for packet in _dated(packets, video):
                tick(0.0)
                packet.stream = streams[packet.stream.index]
                made.mux(packet)

    return write


def _dated(packets: "Iterator[Packet[Any]]", video: VideoStream) -> "Iterator[Packet[Any]]":
    """The packets, each with the time at which it is decoded, which Matroska does not note and FFmpeg can't
    tell of the first ones: they come one picture after the other before the first that it can tell."""
    rate, base = video.average_rate, video.time_base
    step = max(1, round(1 / (rate * base))) if rate and base else 1
    undated: list[Packet[Any]] = []
    for packet in packets:
        if not packet.size:
            continue  # the sign that the file is at its end
        if packet.dts is None:
            undated.append(packet)
            continue
        if undated and packet.stream is undated[0].stream:
            for place, early in enumerate(undated):
                early.dts = packet.dts - (len(undated) - place) * step
                yield early
            undated = []
        yield packet
    for packet in undated:
        packet.dts = packet.pts
        yield packet


@contextmanager
def _translated() -> Iterator[None]:
    """FFmpeg's failures as MediaError: the one edge where they are."""
    try:
        yield
    except (av.error.FFmpegError, OverflowError) as error:
        if isinstance(error, av.error.MemoryError):
            raise MemoryError from error
        raise MediaError(CORRUPT_VIDEO) from error
