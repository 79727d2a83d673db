import io

from fuzz.target import AUDIO, Target
from waypost.errors import EMPTY_FILE, NOT_AUDIO, UNSUPPORTED_FORMAT, VoiceError
from waypost.voice.sniff import Container, sniff


class _Counted(io.BytesIO):
    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.taken += len(data)
        return data


def _sniffed(data: bytes) -> Container | str:
    source = _Counted(data)
    source.seek(len(data) // 2)
    try:
        found: Container | str = sniff(source)
    except VoiceError as error:
        assert error.fault in (EMPTY_FILE, NOT_AUDIO, UNSUPPORTED_FORMAT)
        found = error.code
    # Tags are skipped by their heads of ten bytes each.
    assert source.taken <= 128 * 1024 + len(data)
    return found


def check(data: bytes) -> None:
    found = _sniffed(data)
    assert _sniffed(data) == found
    if len(data) > 128 * 1024:
        return
    # An ID3 tag before a file does not change what it is, except that nothing behind a tag is no audio.
    tag = b"ID3\x04\0\0" + bytes(3) + b"\x05" + bytes(5)
    assert _sniffed(tag + data) == (found if data else NOT_AUDIO.code)


TARGET = Target(
    promise="the first bytes are one container or one of three errors, whatever tags stand before them",
    check=check,
    seeds=lambda: (
        [path.read_bytes()[:600] for path in sorted(AUDIO.iterdir()) if path.suffix != ".md"]
        + [b"ID3\x04\0\0\0\0\0\x0a" + bytes(10), b"\x47" + bytes(187)]
    ),
    rate=1500,
)
