import tempfile

from fuzz.ogg_files import mended, notes
from fuzz.target import Target
from waypost.errors import TABLE, VoiceError
from waypost.voice.inspect import inspect
from waypost.voice.limits import Limits
from waypost.voice.verify import verify

_LIMITS = Limits(note_seconds=30.0)


def check(data: bytes) -> None:
    note = mended(data)
    with tempfile.TemporaryFile() as file:
        file.write(note)
        file.flush()
        try:
            found = inspect(file, _LIMITS)
        except VoiceError as error:
            assert error.fault in TABLE.values()
            return
    assert found.profile == verify(note)
    assert abs(found.samples / 16_000 - found.profile.seconds) < 0.001
    assert len(found.waveform) == 64
    assert max(found.waveform) <= 100


TARGET = Target(
    promise="a note that is passed on unchanged plays as long as its pages say, on FFmpeg's decoder too",
    check=check,
    seeds=lambda: [note for note in notes() if len(note) <= 12_000],
    longest=12_000,
    rate=60,
)
