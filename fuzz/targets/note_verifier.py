import io

from fuzz.ogg_files import mended, notes, packets_of
from fuzz.target import Target
from waypost.errors import NOT_NATIVE, VoiceError
from waypost.voice import opus
from waypost.voice.ogg import PageWriter
from waypost.voice.verify import verify


def check(data: bytes) -> None:
    note = mended(data)
    try:
        profile = verify(note)
    except VoiceError as error:
        assert error.fault is NOT_NATIVE
        return
    assert verify(io.BytesIO(note)) == profile
    packets = packets_of(note)
    assert (profile.packets, profile.size) == (len(packets), len(note))
    assert profile.sound_bytes == sum(map(len, packets))
    assert 0 < profile.seconds <= len(packets) * 0.06
    for packet in packets:
        frames = opus.split(packet)
        assert len(frames) == 3
        joined = opus.join([bytes((packet[0] & ~3,)) + frame for frame in frames])
        assert opus.split(joined) == frames
    again = _packed(packets, profile.pre_skip, profile.granules)
    assert packets_of(again) == packets
    assert verify(again).seconds == profile.seconds


def _packed(packets: list[bytes], pre_skip: int, granules: int) -> bytes:
    sink = io.BytesIO()
    writer = PageWriter(sink, 1, 17)
    writer.header(opus.head(pre_skip, 16_000))
    writer.header(opus.tags())
    for packet in packets:
        writer.packet(packet, 2880)
    writer.finish(granules)
    return sink.getvalue()


TARGET = Target(
    promise=(
        "a file is NOT_NATIVE, or our packer makes a native note of the packets that our reader finds in it"
    ),
    check=check,
    seeds=lambda: [note[:8000] for note in notes()],
    longest=8192,
    rate=800,
)
