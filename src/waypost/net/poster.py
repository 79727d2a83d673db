"""The only way out for events: POST to a URL that a caller named, through the same guard as every fetch.

No redirect is followed: where a secret goes is what the caller named, and nothing else. What is not in the
public internet, or is there without TLS, needs the operator's word.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import httpcore
import httpx

from waypost.errors import WEBHOOK_REFUSED
from waypost.net.allow import AllowList
from waypost.net.egress import parse_url, translate
from waypost.net.guard import GuardedBackend, Resolver, refused

# A look-up and a handshake take well under a second; a receiver that needs longer than this to store an event
# should answer first and work then.
_CONNECT_SECONDS: Final = 5.0
_TOTAL_SECONDS: Final = 15.0
_BROKEN: Final = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError)
# Shorter than any server keeps one open: a connection that is just being closed would cost an attempt.
_KEEP_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Answered:
    """What a receiver said: its headers by lower-case name, and the beginning of its body."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Mailbox:
    """Posts to one URL over connections that are kept for a moment; `close` it in the end."""

    def __init__(
        self, target: httpx.URL, backend: GuardedBackend, tls: ssl.SSLContext, connections: int
    ) -> None:
        self._target = target
        self._pool = httpcore.AsyncConnectionPool(
            tls, network_backend=backend, max_connections=connections, keepalive_expiry=_KEEP_SECONDS
        )

    async def post(self, headers: Mapping[str, str], content: bytes, answer_bytes: int) -> Answered:
        """Post; read at most `answer_bytes` of the answer. Raises FetchError: no answer came, or the way is
        refused.
        """
        target = self._target
        url = httpcore.URL(
            scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path
        )
        fields = [(b"Host", target.netloc), (b"Content-Length", str(len(content)).encode())]
        fields += [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
        timeout = dict.fromkeys(("read", "write", "pool"), _TOTAL_SECONDS) | {"connect": _CONNECT_SECONDS}
        try:
            async with (
                asyncio.timeout(_TOTAL_SECONDS),
                self._pool.stream(
                    "POST", url, headers=fields, content=content, extensions={"timeout": timeout}
                ) as response,
            ):
                body = b""
                async for chunk in response.aiter_stream():
                    body += chunk[: answer_bytes - len(body)]
                    if len(body) >= answer_bytes:
                        break
                names = {
                    name.decode("latin-1").lower(): value.decode("latin-1")
                    for name, value in response.headers
                }
                return Answered(response.status, names, body)
        except TimeoutError:
            raise translate(httpcore.ReadTimeout()) from None
        except _BROKEN as error:
            raise translate(error) from error

    async def close(self) -> None:
        """Close what is open."""
        with contextlib.suppress(*_BROKEN):
            await self._pool.aclose()


class Poster:
    """Makes mailboxes, and tells whether a URL may have one."""

    def __init__(self, allow: AllowList, resolve: Resolver, tls: ssl.SSLContext | None = None) -> None:
        self._allow = allow
        self._resolve = resolve
        self._tls = tls or httpcore.default_ssl_context()

    async def check(self, url: str) -> None:
        """Raises FetchError(URL_INVALID, WEBHOOK_REFUSED) for what is never delivered to as things are.

        A name that nobody knows now may be known later, so it is refused only without TLS.
        """
        target = parse_url(url)
        host, port = target.raw_host.decode(), _port(target)
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await self._backend(target).checked(host, port)
        except (OSError, TimeoutError):
            if target.scheme != "https" and not self._allow.names(host, port):
                reason = "Its name is not known, and without https it has to be."
                raise refused(host, port, reason, WEBHOOK_REFUSED) from None

    @contextlib.asynccontextmanager
    async def mailbox(self, url: str, connections: int = 1) -> AsyncIterator[Mailbox]:
        """A mailbox for as long as the context lasts. Raises FetchError(URL_INVALID)."""
        box = self.open(url, connections)
        try:
            yield box
        finally:
            await box.close()

    def open(self, url: str, connections: int) -> Mailbox:
        """A mailbox to be closed by the caller. Raises FetchError(URL_INVALID)."""
        target = parse_url(url)
        return Mailbox(target, self._backend(target), self._tls, connections)

    def _backend(self, target: httpx.URL) -> GuardedBackend:
        encrypted = target.scheme == "https"
        return GuardedBackend(self._allow, self._resolve, WEBHOOK_REFUSED, encrypted=encrypted)


def _port(target: httpx.URL) -> int:
    return target.port or (443 if target.scheme == "https" else 80)
