import io

from fuzz.ogg_files import mended, notes
from fuzz.target import Choices, Target
from waypost.voice import opus
from waypost.voice.ogg import NotOgg, PageWriter, encode_page, read_pages, split_body

_SERIAL = 7


def check(data: bytes) -> None:
    """Half of the inputs are a file, half are packets for the writer."""
    choices = Choices(data)
    if choices.number(1):
        _reads(mended(choices.rest()))
    else:
        _writes(choices)


def _reads(file: bytes) -> None:
    source = io.BytesIO(file)
    written = b""
    try:
        for page in read_pages(source):
            packets, rest = split_body(page)
            assert b"".join(packets) + (rest or b"") == page.body
            written += encode_page(page)
            assert file.startswith(written)
    except NotOgg:
        return
    assert written == file


def _writes(choices: Choices) -> None:
    per_page = 1 + choices.number(60)
    sizes = [choices.number(1300) for _ in range(choices.number(80))]
    packets = [choices.take(size % 7).ljust(size, b"\x4b") for size in sizes]
    sink = io.BytesIO()
    writer = PageWriter(sink, _SERIAL, per_page)
    writer.header(opus.head(312, 16_000))
    writer.header(opus.tags())
    for packet in packets:
        writer.packet(packet, 2880)
    writer.finish(2880 * len(packets))
    assert writer.size == len(sink.getvalue())
    sink.seek(0)
    pages = list(read_pages(sink))
    assert [page.sequence for page in pages] == list(range(len(pages)))
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
    assert all(len(split_body(page)[0]) <= per_page for page in pages[2:])
    assert [packet for page in pages[2:] for packet in split_body(page)[0]] == packets


TARGET = Target(
    promise="a file is NotOgg or comes out of the writer byte by byte; packets are read back as written",
    check=check,
    seeds=lambda: [b"\x01" + note[:4000] for note in notes()] + [b"\0\x10\x05\0\x50\0\x02" + bytes(40)],
    rate=2000,
)
