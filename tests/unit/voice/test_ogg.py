import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.voice.files import AUDIO

from waypost.voice.ogg import (
    NO_GRANULE,
    NotOgg,
    Page,
    PageWriter,
    checksum,
    encode_page,
    read_pages,
    split_body,
)


def slow_checksum(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return crc


@given(st.binary(max_size=300))
def test_the_checksum_is_the_one_of_rfc_3533(data: bytes) -> None:
    assert checksum(data) == slow_checksum(data)


@pytest.mark.parametrize("name", ["greeting.vorbis.ogg", "greeting.stereo48k.opus.ogg"])
def test_pages_that_another_program_wrote_are_read_and_written_back_alike(name: str) -> None:
    whole = (AUDIO / name).read_bytes()
    assert b"".join(encode_page(page) for page in read_pages(io.BytesIO(whole))) == whole


@given(
    st.lists(st.binary(max_size=700), min_size=1, max_size=60), st.integers(1, 20), st.integers(0, 2**32 - 1)
)
def test_written_packets_come_back_whole_with_counting_granules(
    packets: list[bytes], per_page: int, serial: int
) -> None:
    sink = io.BytesIO()
    writer = PageWriter(sink, serial, per_page)
    writer.header(b"head")
    for packet in packets:
        writer.packet(packet, 2880)
    writer.finish(2880 * len(packets) - 7)
    assert writer.size == len(sink.getvalue())
    sink.seek(0)
    pages = list(read_pages(sink))
    found: list[bytes] = []
    for page in pages[1:]:
        bodies, unfinished = split_body(page)
        assert unfinished is None
        found += bodies
        assert page.granule == 2880 * len(found) - 7 * page.last
    assert found == packets
    assert [page.sequence for page in pages] == list(range(len(pages)))
    assert [page.first for page in pages] == [True] + [False] * (len(pages) - 1)
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
    assert {page.serial for page in pages} == {serial}


@given(st.data())
def test_one_wrong_byte_is_noticed(data: st.DataObject) -> None:
    page = Page(1, 0, NO_GRANULE, True, True, False, b"\x05", b"hello")
    whole = bytearray(encode_page(page))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(NotOgg):
        list(read_pages(io.BytesIO(bytes(whole))))


def test_a_cut_page_is_noticed() -> None:
    whole = (AUDIO / "greeting.vorbis.ogg").read_bytes()
    with pytest.raises(NotOgg):
        list(read_pages(io.BytesIO(whole[:-1])))
