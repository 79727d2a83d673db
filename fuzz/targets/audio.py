import tempfile
from pathlib import Path

from fuzz.target import AUDIO, Target
from waypost.errors import VoiceError
from waypost.voice.convert import convert
from waypost.voice.limits import Limits
from waypost.voice.sniff import sniff
from waypost.voice.verify import verify

_SEED_BYTES = 12_000
_LIMITS = Limits(note_seconds=10.0)
_FOLDER = tempfile.TemporaryDirectory(prefix="waypost-fuzz-")


def check(data: bytes) -> None:
    source, target = Path(_FOLDER.name) / "source", Path(_FOLDER.name) / "note.ogg"
    source.write_bytes(data)
    try:
        note = convert(source, target, _LIMITS, lambda _: None)
    except VoiceError as error:
        assert error.fault.status == 422
        assert not target.exists()
        return
    with source.open("rb") as file:
        assert sniff(file).demuxer
    profile = verify(target.read_bytes())
    assert abs(profile.seconds - note.samples / 16_000) < 0.061
    target.unlink()


TARGET = Target(
    promise=(
        "a file ends as a VoiceError of status 422 and nothing is left, or as a native note of its length"
    ),
    check=check,
    seeds=lambda: [
        path.read_bytes()[:_SEED_BYTES] for path in sorted(AUDIO.iterdir()) if path.suffix != ".md"
    ],
    longest=16_384,
    rate=40,
)
