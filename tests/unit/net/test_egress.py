"""The guard over real sockets: a server on loopback, names that a resolver double leads to it."""

import asyncio
import contextlib
import gzip
import ipaddress
import itertools
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from waypost.errors import (
    STORAGE_UNAVAILABLE,
    URL_INVALID,
    URL_NOT_AUDIO_PAGE,
    URL_REFUSED,
    URL_TOO_LARGE,
    URL_UNREACHABLE,
    FetchError,
    StorageError,
)
from waypost.net.addresses import Address
from waypost.net.allow import AllowList
from waypost.net.egress import Egress, FetchLimits, parse_url
from waypost.net.guard import SystemResolver

Handler = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]

MEDIA = b"OggS" + os.urandom(20_000)


@contextlib.asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on loopback; `handler` gets the head of each request. Gives the port."""

    calls: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        calls.add(task)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await handler(await reader.readuntil(b"\r\n\r\n"), writer)
            await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in calls:
            task.cancel()
        await asyncio.gather(*calls, return_exceptions=True)


def answer(body: bytes, status: str = "200 OK", *fields: str) -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def giving(data: bytes) -> Handler:
    async def handler(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(data)

    return handler


class Names:
    """A resolver double: each name has a list of answers, one per look-up, the last one for good."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self.answers = {name.replace("_", "."): list(each) for name, each in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Sequence[Address]:
        self.asked.append(host)
        with contextlib.suppress(ValueError):
            return [ipaddress.ip_address(host)]
        answers = self.answers.get(host)
        if answers is None:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [ipaddress.ip_address(text) for text in (answers.pop(0) if len(answers) > 1 else answers[0])]


# Loading the real authorities takes 30 ms, too much for each test.
TRUSTS_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

LIMITS = FetchLimits(max_bytes=100_000, connect_seconds=1.0, read_seconds=1.0, total_seconds=2.0)


def egress(*allow: str, names: Names | None = None, limits: FetchLimits = LIMITS) -> Egress:
    return Egress(AllowList.parse(allow), names or Names(), limits, TRUSTS_NOBODY)


async def failing(fetcher: Egress, url: str, path: Path) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await asyncio.wait_for(fetcher.fetch(url, path / "file"), 10)
    return caught.value


async def test_an_allowed_file_is_written_as_it_is(tmp_path: Path) -> None:
    heads: list[bytes] = []

    async def handler(head: bytes, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        writer.write(answer(MEDIA, "200 OK", "Content-Type: audio/ogg"))

    async with serving(handler) as port:
        fetched = await egress(f"127.0.0.1:{port}").fetch(
            f"http://127.0.0.1:{port}/a%20b.ogg?signature=s3cret#part", tmp_path / "file"
        )
    assert (fetched.size, fetched.content_type) == (len(MEDIA), "audio/ogg")
    assert (tmp_path / "file").read_bytes() == MEDIA
    assert heads[0].startswith(b"GET /a%20b.ogg?signature=s3cret HTTP/1.1\r\n")
    assert b"Host: 127.0.0.1:%d\r\n" % port in heads[0]
    assert b"identity" in heads[0]


async def test_the_name_is_looked_up_once_and_the_checked_address_is_used(tmp_path: Path) -> None:
    """DNS rebinding: the second answer would lead inside, but nobody asks a second time."""
    async with serving(giving(answer(MEDIA))) as port:
        names = Names(rebind_test=[["127.0.0.1"], ["127.0.0.2"]])
        await egress(f"127.0.0.1:{port}", names=names).fetch(f"http://rebind.test:{port}/", tmp_path / "file")
    assert names.asked == ["rebind.test"]


async def test_a_name_that_turns_inside_on_the_redirect_is_refused(tmp_path: Path) -> None:
    asked = itertools.count()

    async def handler(head: bytes, writer: asyncio.StreamWriter) -> None:
        next(asked)
        writer.write(answer(b"", "302 Found", "Location: /again"))

    async with serving(handler) as port:
        names = Names(rebind_test=[["127.0.0.1"], ["127.0.0.2"]])
        error = await failing(
            egress(f"127.0.0.1:{port}", names=names), f"http://rebind.test:{port}/", tmp_path
        )
    assert error.fault is URL_REFUSED
    assert names.asked == ["rebind.test", "rebind.test"]
    assert next(asked) == 1


async def test_one_private_address_among_public_ones_refuses_the_name(tmp_path: Path) -> None:
    names = Names(mixed_test=[["1.1.1.1", "10.0.0.1"]])
    error = await failing(egress(names=names), "http://mixed.test/", tmp_path)
    assert error.fault is URL_REFUSED


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "0.0.0.0",
        "[::]",
    ],
)
async def test_every_spelling_of_an_inner_address_is_refused_before_connecting(
    host: str, tmp_path: Path
) -> None:
    resolver = SystemResolver()
    try:
        error = await failing(
            Egress(AllowList(), resolver, LIMITS, TRUSTS_NOBODY), f"http://{host}/latest", tmp_path
        )
    finally:
        resolver.close()
    assert error.fault is URL_REFUSED
    assert "WAYPOST_FETCH_ALLOW" in error.message
    assert f"{host}:80" in error.message


async def test_a_public_address_on_another_port_is_refused(tmp_path: Path) -> None:
    error = await failing(egress(names=Names(far_test=[["1.1.1.1"]])), "http://far.test:22/", tmp_path)
    assert error.fault is URL_REFUSED
    assert "far.test:22" in error.message
    assert "1.1.1.1" not in error.message


@pytest.mark.parametrize(
    "inside", ["http://127.0.0.1/", "http://[::1]/", "http://inner.test/", "//127.0.0.1/x"]
)
async def test_a_redirect_inside_is_refused(inside: str, tmp_path: Path) -> None:
    async with serving(giving(answer(b"", "302 Found", f"Location: {inside}"))) as port:
        names = Names(outer_test=[["127.0.0.1"]], inner_test=[["10.1.2.3"]])
        error = await failing(
            egress(f"outer.test:{port}", names=names), f"http://outer.test:{port}/", tmp_path
        )
    assert error.fault is URL_REFUSED
    assert "10.1.2.3" not in error.message


@pytest.mark.parametrize("location", ["ftp://x/", "file:///etc/passwd", "http://user:pw@x/", "http://[/"])
async def test_a_redirect_to_what_is_no_web_address_is_invalid(location: str, tmp_path: Path) -> None:
    async with serving(giving(answer(b"", "301 Moved", f"Location: {location}"))) as port:
        error = await failing(egress(f"127.0.0.1:{port}"), f"http://127.0.0.1:{port}/", tmp_path)
    assert error.fault is URL_INVALID


@pytest.mark.parametrize(("hops", "arrives"), [(3, True), (4, False)])
async def test_three_redirects_are_followed_and_no_fourth(hops: int, arrives: bool, tmp_path: Path) -> None:
    left = itertools.count(hops, -1)

    async def handler(head: bytes, writer: asyncio.StreamWriter) -> None:
        hop = next(left)
        writer.write(answer(b"", "307 Again", f"Location: /{hop}") if hop > 0 else answer(MEDIA))

    async with serving(handler) as port:
        fetcher, url = egress(f"127.0.0.1:{port}"), f"http://127.0.0.1:{port}/"
        if arrives:
            assert (await fetcher.fetch(url, tmp_path / "file")).size == len(MEDIA)
        else:
            error = await failing(fetcher, url, tmp_path)
            assert (error.code, error.fault.retryable) == (URL_UNREACHABLE.code, False)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "audio.ogg",
        "/audio.ogg",
        "//example.com/a",
        "ftp://example.com/a",
        "file:///etc/passwd",
        "data:audio/ogg;base64,AAAA",
        "gopher://example.com/",
        "http://",
        "http:///a",
        "http://user@example.com/",
        "http://user:password@example.com/",
        "http://@example.com/",
        "http://:@example.com/",
        "http://good.example\\@evil.example/",
        "http://exa mple.com/",
        "http://example.com:99999/",
        "http://[::1/",
        "http://0177.0.0.1/",
        "http://[fe80::1%25eth0]/",
        "http://example.com/\r\nX: y",
        "http://example.com/" + "a" * 9000,
    ],
)
async def test_what_is_no_plain_web_address_is_invalid_and_not_echoed(url: str, tmp_path: Path) -> None:
    error = await failing(egress(), url, tmp_path)
    assert error.fault is URL_INVALID
    assert not url or url not in error.message
    assert "password" not in error.message


def test_an_international_name_is_asked_for_in_ascii() -> None:
    assert parse_url("http://bücher.example/").raw_host == b"xn--bcher-kva.example"


async def test_a_page_is_told_from_a_file_whatever_its_type_says(tmp_path: Path) -> None:
    page = b"<!DOCTYPE html><title>Sign in</title>" + b" " * 3000
    for body, kind in [(page, "html"), (b"<html>", "html"), (b'{"error": 1}', "json"), (b"<?xml ?>", "xml")]:
        async with serving(giving(answer(body, "200 OK", "Content-Type: audio/ogg"))) as port:
            error = await failing(egress(f"127.0.0.1:{port}"), f"http://127.0.0.1:{port}/", tmp_path)
        assert error.fault is URL_NOT_AUDIO_PAGE
        assert error.facts["kind"] == kind


async def test_pages_come_where_they_are_wanted(tmp_path: Path) -> None:
    async with serving(giving(answer(b"<html>"))) as port:
        fetched = await egress(f"127.0.0.1:{port}").fetch(
            f"http://127.0.0.1:{port}/", tmp_path / "file", pages=True
        )
    assert fetched.size == 6


async def test_a_declared_size_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    async with serving(giving(answer(b"", "200 OK").replace(b": 0", b": 100001"))) as port:
        error = await failing(egress(f"127.0.0.1:{port}"), f"http://127.0.0.1:{port}/", tmp_path)
    assert error.fault is URL_TOO_LARGE


async def test_exactly_the_limit_passes(tmp_path: Path) -> None:
    async with serving(giving(answer(bytes(100_000)))) as port:
        fetched = await egress(f"127.0.0.1:{port}").fetch(f"http://127.0.0.1:{port}/", tmp_path / "file")
    assert fetched.size == 100_000


async def test_an_endless_body_is_left_at_the_limit(tmp_path: Path) -> None:
    async def endless(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(bytes(10_000))
            await writer.drain()

    async with serving(endless) as port:
        error = await failing(egress(f"127.0.0.1:{port}"), f"http://127.0.0.1:{port}/", tmp_path)
    assert error.fault is URL_TOO_LARGE
    assert (tmp_path / "file").stat().st_size <= 100_000


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(MEDIA),
        gzip.compress(MEDIA[:2]) + gzip.compress(b"") + gzip.compress(MEDIA[2:]),
        gzip.compress(MEDIA) + bytes(10),
    ],
    ids=["one", "several", "padded"],
)
async def test_gzip_that_nobody_asked_for_is_unpacked(tmp_path: Path, packed: bytes) -> None:
    async with serving(giving(answer(packed, "200 OK", "Content-Encoding: gzip"))) as port:
        await egress(f"127.0.0.1:{port}").fetch(f"http://127.0.0.1:{port}/", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == MEDIA


@pytest.mark.parametrize("encoding", ["identity", "base64", "UTF-8", "aws-chunked", "none"])
async def test_an_encoding_that_is_none_is_passed_over(encoding: str, tmp_path: Path) -> None:
    async with serving(giving(answer(MEDIA, "200 OK", f"Content-Encoding: {encoding}"))) as port:
        await egress(f"127.0.0.1:{port}").fetch(f"http://127.0.0.1:{port}/", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == MEDIA


async def test_a_gzip_bomb_ends_as_too_large(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(60_000_000))
    assert len(bomb) < 100_000
    async with serving(giving(answer(bomb, "200 OK", "Content-Encoding: gzip"))) as port:
        error = await failing(egress(f"127.0.0.1:{port}"), f"http://127.0.0.1:{port}/", tmp_path)
    assert error.fault is URL_TOO_LARGE
    assert (tmp_path / "file").stat().st_size <= 100_000


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"not gzip", "gzip"),
        (gzip.compress(MEDIA)[:-9], "gzip"),
        (b"x", "br"),
        (b"x", "zstd"),
        (b"x", "gzip, gzip"),
    ],
)
async def test_an_encoding_that_can_not_be_read_is_an_error(
    body: bytes, encoding: str, tmp_path: Path
) -> None:
    async with serving(giving(answer(body, "200 OK", f"Content-Encoding: {encoding}"))) as port:
        error = await failing(egress(f"127.0.0.1:{port}"), f"http://127.0.0.1:{port}/", tmp_path)
    assert (error.code, error.facts["reason"]) == (URL_UNREACHABLE.code, "encoding")


@pytest.mark.parametrize(
    ("status", "retryable"),
    [
        ("404 Not Found", False),
        ("403 Forbidden", False),
        ("204 Empty", False),
        ("302 Found", False),
        ("799 Odd", False),
        ("429 Slow", True),
        ("500 Oops", True),
        ("503 Busy", True),
    ],
)
async def test_a_status_says_whether_a_retry_can_help(status: str, retryable: bool, tmp_path: Path) -> None:
    async with serving(giving(answer(b"", status))) as port:
        error = await failing(egress(f"127.0.0.1:{port}"), f"http://127.0.0.1:{port}/?token=s3cret", tmp_path)
    assert (error.code, error.fault.retryable) == (URL_UNREACHABLE.code, retryable)
    assert status[:3] in error.message
    assert "s3cret" not in error.message


async def test_a_server_that_never_answers_is_left_in_time(tmp_path: Path) -> None:
    async def silent(head: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(20)

    async with serving(silent) as port:
        limits = FetchLimits(read_seconds=0.2, total_seconds=5)
        error = await failing(
            egress(f"127.0.0.1:{port}", limits=limits), f"http://127.0.0.1:{port}/", tmp_path
        )
    assert (error.fault, error.facts["reason"]) == (URL_UNREACHABLE, "timeout")


async def test_a_server_that_trickles_is_left_at_the_total_time(tmp_path: Path) -> None:
    async def trickle(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with serving(trickle) as port:
        limits = FetchLimits(read_seconds=5, total_seconds=0.5)
        error = await failing(
            egress(f"127.0.0.1:{port}", limits=limits), f"http://127.0.0.1:{port}/", tmp_path
        )
    assert (error.fault, error.facts["reason"]) == (URL_UNREACHABLE, "timeout")


async def test_a_slow_name_server_is_left_in_time(tmp_path: Path) -> None:
    class Slow:
        async def __call__(self, host: str) -> Sequence[Address]:
            await asyncio.sleep(20)
            return []

    limits = FetchLimits(connect_seconds=0.2)
    error = await failing(Egress(AllowList(), Slow(), limits, TRUSTS_NOBODY), "http://slow.test/", tmp_path)
    assert (error.fault, error.facts["reason"]) == (URL_UNREACHABLE, "timeout")


async def test_an_unknown_name_is_told_and_not_tried_again(tmp_path: Path) -> None:
    error = await failing(egress(), "http://nowhere.test/", tmp_path)
    assert (error.code, error.facts["reason"], error.fault.retryable) == (URL_UNREACHABLE.code, "dns", False)


async def test_an_impossible_name_is_unknown(tmp_path: Path) -> None:
    resolver = SystemResolver()
    try:
        error = await failing(
            Egress(AllowList(), resolver, LIMITS, TRUSTS_NOBODY), f"http://{'a' * 70}.test/", tmp_path
        )
    finally:
        resolver.close()
    assert error.code in (URL_UNREACHABLE.code, URL_INVALID.code)


async def test_a_refused_connection_is_tried_again_later(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        error = await failing(egress("127.0.0.1"), f"http://127.0.0.1:{port}/", tmp_path)
    assert (error.fault, error.facts["reason"]) == (URL_UNREACHABLE, "refused")


async def test_the_next_address_is_tried_when_the_first_is_dead(tmp_path: Path) -> None:
    async with serving(giving(answer(MEDIA))) as port:
        names = Names(two_test=[["127.0.0.9", "127.0.0.1"]])
        fetched = await egress("two.test", names=names).fetch(f"http://two.test:{port}/", tmp_path / "file")
    assert fetched.size == len(MEDIA)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\n" * 9000,
    ],
)
async def test_what_is_not_http_or_breaks_off_is_unreachable(data: bytes, tmp_path: Path) -> None:
    async with serving(giving(data)) as port:
        error = await failing(egress(f"127.0.0.1:{port}"), f"http://127.0.0.1:{port}/", tmp_path)
    assert error.fault is URL_UNREACHABLE


async def test_a_proxy_of_the_environment_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with serving(giving(answer(MEDIA))) as port:
        fetched = await egress(f"127.0.0.1:{port}").fetch(f"http://127.0.0.1:{port}/", tmp_path / "file")
    assert fetched.size == len(MEDIA)


async def test_a_full_disk_is_not_the_fault_of_the_url(tmp_path: Path) -> None:
    async with serving(giving(answer(MEDIA))) as port:
        with pytest.raises(StorageError) as caught:
            await egress(f"127.0.0.1:{port}").fetch(f"http://127.0.0.1:{port}/", tmp_path / "no" / "folder")
    assert caught.value.fault is STORAGE_UNAVAILABLE
