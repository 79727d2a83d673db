"""The only way out to a URL that a caller named.

Rules: http and https; ports 80, 443 and what the operator allows; public addresses and what the operator
allows; no credentials in the URL; at most three redirects, each checked like the first URL; limits on size
and time; no proxy, cookie or password from anywhere. Errors never show the path or the query of a URL:
signed links carry their secret there.
"""

import asyncio
import http
import re
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar, TypeVarTuple

import httpcore
import httpx

from waypost.errors import (
    STORAGE_UNAVAILABLE,
    URL_INVALID,
    URL_NOT_AUDIO_PAGE,
    URL_TOO_LARGE,
    URL_UNREACHABLE,
    FetchError,
    StorageError,
)
from waypost.media.sniff import SNIFF_BYTES, sniff
from waypost.net.allow import AllowList
from waypost.net.encoding import EncodingError, decoded
from waypost.net.guard import GuardedBackend, Resolver

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

# One code with and without hope: a busy server may answer the next try, a missing file stays missing.
_UNREACHABLE_FOR_GOOD: Final = replace(URL_UNREACHABLE, retryable=False)
_RETRYABLE_STATUSES: Final = frozenset({408, 425, 429, *range(500, 600)})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MAX_URL: Final = 8192
# A name in ASCII (punycode) or an address; IPv6 without its brackets.
_HOST: Final = re.compile(rb"[A-Za-z0-9_.-]+|[0-9A-Fa-f:.]+")
# Bytes gathered before a thread is asked to write them.
_BATCH: Final = 256 * 1024
_HEADERS: Final = [
    (b"User-Agent", b"Waypost"),
    (b"Accept", b"*/*"),
    (b"Accept-Encoding", b"identity"),
]


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Bounds of one fetch: bytes of the file, seconds, and redirects followed."""

    max_bytes: int = 16_000_000
    # Look-up and handshake of a server that is there take well under a second.
    connect_seconds: float = 5.0
    # Silence between two reads.
    read_seconds: float = 15.0
    # 16 MB at 2 Mbit/s; also ends servers that send a byte now and then.
    total_seconds: float = 60.0
    redirects: int = 3


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that was fetched: `size` in bytes; `content_type` as the server claims."""

    size: int
    content_type: str | None


class Egress:
    """Fetches callers' URLs within limits; holds no connection between two fetches."""

    def __init__(
        self,
        allow: AllowList,
        resolve: Resolver,
        limits: FetchLimits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._backend = GuardedBackend(allow, resolve)
        self._limits = limits or FetchLimits()
        self._tls = tls or httpcore.default_ssl_context()

    async def fetch(self, url: str, path: Path, *, pages: bool = False) -> Fetched:
        """Write the file behind `url` to `path`, which holds part of it after an error.

        `pages`: HTML, JSON and XML are wanted too. Raises FetchError with URL_INVALID, URL_REFUSED,
        URL_UNREACHABLE (its fault says whether a retry can help), URL_NOT_AUDIO_PAGE or URL_TOO_LARGE.
        """
        target = parse_url(url)
        try:
            async with asyncio.timeout(self._limits.total_seconds):
                for _ in range(self._limits.redirects + 1):
                    outcome = await self._get(target, path, pages)
                    if isinstance(outcome, Fetched):
                        return outcome
                    target = outcome
        except TimeoutError:
            raise _unreachable("It did not answer, or not fast enough.", reason="timeout") from None
        raise _unreachable(
            f"It redirects more than {self._limits.redirects} times.", retryable=False, reason="redirects"
        )

    async def _get(self, target: httpx.URL, path: Path, pages: bool) -> Fetched | httpx.URL:
        """One request: the file, or where to ask next."""
        limits = self._limits
        timeout = {
            "connect": limits.connect_seconds,
            "read": limits.read_seconds,
            "write": limits.read_seconds,
            "pool": limits.connect_seconds,
        }
        request = httpcore.URL(
            scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path
        )
        headers = [(b"Host", target.netloc), *_HEADERS]
        try:
            async with (
                httpcore.AsyncConnectionPool(
                    self._tls, network_backend=self._backend, max_connections=1
                ) as pool,
                pool.stream("GET", request, headers=headers, extensions={"timeout": timeout}) as response,
            ):
                fields = {name.lower(): value for name, value in reversed(response.headers)}
                if response.status in _REDIRECTS and b"location" in fields:
                    return _next_url(target, fields[b"location"])
                _check_status(response.status)
                return await self._save(response, fields, path, pages)
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise translate(error) from error
        except EncodingError as error:
            raise _unreachable(str(error), retryable=False, reason="encoding") from None

    async def _save(
        self, response: httpcore.Response, fields: dict[bytes, bytes], path: Path, pages: bool
    ) -> Fetched:
        most = self._limits.max_bytes
        declared = fields.get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > most:
            raise _too_large(most)
        body = decoded(response.aiter_stream(), fields.get(b"content-encoding", b""), most)
        size = await _write(body, path, most, pages)
        kind = fields.get(b"content-type")
        return Fetched(size, kind.decode("latin-1") if kind else None)


def parse_url(url: str) -> httpx.URL:
    """Read a URL that a caller named; nothing else here reads it again. Raises FetchError(URL_INVALID)."""
    try:
        if len(url) > _MAX_URL:
            raise httpx.InvalidURL("too long")
        parsed = httpx.URL(url.strip())
        usable = (
            parsed.scheme in ("http", "https")
            and _HOST.fullmatch(parsed.raw_host)
            and not parsed.userinfo
            and 0 < (parsed.port or 80) < 65536
        )
        # An empty user ("http://@host") leaves no userinfo behind, but no honest URL has it.
        if not usable or "@" in re.split(r"[/?#]", url.split("//", 1)[-1], maxsplit=1)[0]:
            raise httpx.InvalidURL("not a plain web address")
    except (httpx.InvalidURL, ValueError):
        raise FetchError(URL_INVALID) from None
    return parsed.copy_with(fragment=None)


def _next_url(target: httpx.URL, location: bytes) -> httpx.URL:
    try:
        joined = target.join(location.decode("utf-8"))
    except (httpx.InvalidURL, ValueError):
        raise FetchError(URL_INVALID, "It redirects to something that is no address.") from None
    return parse_url(str(joined))


def _check_status(status: int) -> None:
    if status in (200, 203):
        return
    try:
        phrase = f" ({http.HTTPStatus(status).phrase})"
    except ValueError:
        phrase = ""
    raise _unreachable(
        f"Its server answered {status}{phrase}.",
        retryable=status in _RETRYABLE_STATUSES,
        reason="status",
        http_status=status,
    )


async def _write(body: AsyncIterator[bytes], path: Path, most: int, pages: bool) -> int:
    """Write `body` to `path` in large pieces, off the loop; give its size in bytes."""
    size, looked, batch = 0, pages, bytearray()
    # Buffered, for its lock: closing waits for a write that a cancelled caller left running.
    with await _on_disk(path.open, "wb") as file:
        async for chunk in body:
            size += len(chunk)
            if size > most:
                raise _too_large(most)
            batch += chunk
            if not looked and len(batch) >= SNIFF_BYTES:
                _refuse_page(batch)
                looked = True
            if len(batch) >= _BATCH:
                await _on_disk(file.write, bytes(batch))
                batch.clear()
        if not looked:
            _refuse_page(batch)
        await _on_disk(file.write, bytes(batch))
        await _on_disk(file.flush)
    return size


async def _on_disk(work: Callable[[*Ts], T], *args: *Ts) -> T:
    """Run a blocking file operation off the loop; the disk's failures are not the network's."""
    try:
        return await asyncio.to_thread(work, *args)
    except OSError as error:
        raise StorageError(STORAGE_UNAVAILABLE, f"{error.strerror or 'The disk failed'}.") from error


def _refuse_page(start: bytearray) -> None:
    kind = sniff(bytes(start[:SNIFF_BYTES]))
    if kind != "other":
        raise FetchError(URL_NOT_AUDIO_PAGE, f"What came is {kind.upper()}.", kind=kind)


def _too_large(most: int) -> FetchError:
    return FetchError(URL_TOO_LARGE, f"The limit is {most} bytes.", max_bytes=most)


def _unreachable(detail: str, *, retryable: bool = True, **facts: object) -> FetchError:
    return FetchError(URL_UNREACHABLE if retryable else _UNREACHABLE_FOR_GOOD, detail, **facts)


def translate(error: Exception) -> FetchError:
    """A failure of the network below, in words that a caller understands."""
    if isinstance(error, httpcore.TimeoutException):
        return _unreachable("It did not answer, or not fast enough.", reason="timeout")
    if isinstance(error, httpcore.ProtocolError):
        return _unreachable("Its server broke off or did not speak HTTP.", reason="protocol")
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            for_now = cause.errno == socket.EAI_AGAIN
            detail = "Its name can't be looked up for now." if for_now else "Its name is not known."
            return _unreachable(detail, retryable=for_now, reason="dns")
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _unreachable("Its TLS certificate is not valid.", retryable=False, reason="tls")
        if isinstance(cause, ssl.SSLError):
            return _unreachable("TLS could not be agreed on with its server.", reason="tls")
        if isinstance(cause, ConnectionRefusedError):
            return _unreachable("Its server refused the connection.", reason="refused")
    return _unreachable("The connection to its server failed.", reason="network")


def _causes(error: BaseException | None) -> list[BaseException]:
    chain: list[BaseException] = []
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return chain
