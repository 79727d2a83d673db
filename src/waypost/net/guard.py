"""Connections that lead only where they may: look up once, check every address, connect to one of those.

Checking a name and handing it on would look it up twice, and a hostile name server answers differently the
second time. Here the check sits where the connection is made, so a redirect can't go round it.
"""

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Protocol

import httpcore

from waypost.errors import URL_REFUSED, Fault, FetchError
from waypost.net.addresses import Address, is_public
from waypost.net.allow import AllowList

# getaddrinfo can't be interrupted. Its threads are its own, so that slow name servers starve nobody else.
_LOOKUPS: Final = 8
# Addresses of one name that are tried, each with its share of the time: one silent IPv6 route is usual.
_TRIED: Final = 3


class Resolver(Protocol):
    """Looks a host name (ASCII) or a literal address up."""

    async def __call__(self, host: str) -> Sequence[Address]:
        """All addresses, the preferred one first. Raises OSError."""
        ...


class SystemResolver:
    """The machine's own resolver, in threads of its own."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_LOOKUPS, thread_name_prefix="lookup")

    async def __call__(self, host: str) -> Sequence[Address]:
        """Ask getaddrinfo. Raises socket.gaierror."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(
                self._threads, lambda: socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            )
        except UnicodeError as error:
            # A label longer than 63 letters: the name can't exist.
            raise socket.gaierror(socket.EAI_NONAME, "not a name") from error
        return [ipaddress.ip_address(entry[4][0]) for entry in found]

    def close(self) -> None:
        """Take no more look-ups; one that hangs is left to its fate."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections for httpcore after checking where they lead."""

    def __init__(
        self, allow: AllowList, resolve: Resolver, fault: Fault = URL_REFUSED, *, encrypted: bool = True
    ) -> None:
        """`fault` is what a refusal is told as; it names the setting behind `allow`. Unless connections are
        `encrypted`, public addresses that nobody allowed are refused too.
        """
        self._allow = allow
        self._resolve = resolve
        self._fault = fault
        self._encrypted = encrypted
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a checked address of `host`; `timeout` (seconds) holds for look-up and connecting.

        Raises FetchError(URL_REFUSED), OSError (the name is unknown), TimeoutError or httpcore.ConnectError.
        """
        async with asyncio.timeout(timeout):
            addresses = await self.checked(host, port)
            *first, last = addresses[:_TRIED]
            share = timeout / (len(first) + 1) if timeout else None
            for address in first:
                with contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                    return await self._network.connect_tcp(
                        str(address), port, share, local_address, socket_options
                    )
            return await self._network.connect_tcp(str(last), port, share, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002  # the port's names, which httpcore calls by
        timeout: float | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        """Never: no URL leads to a local socket."""
        raise FetchError(self._fault)

    async def sleep(self, seconds: float) -> None:
        """Wait, for httpcore's own use."""
        await asyncio.sleep(seconds)

    async def checked(self, host: str, port: int) -> Sequence[Address]:
        """The addresses of `host`, all of which may be connected to. Raises FetchError, OSError."""
        addresses = await self._resolve(host)
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        self._check(host, port, addresses)
        return addresses

    def _check(self, host: str, port: int, addresses: Sequence[Address]) -> None:
        if self._allow.names(host, port):
            return
        for address in addresses:
            if self._allow.covers(address, port):
                continue
            if not is_public(address):
                raise refused(host, port, "It leads to an address that is not public.", self._fault)
            if not self._encrypted:
                raise refused(host, port, "A public host is only sent to by https.", self._fault)
            if not self._allow.opens(port):
                raise refused(host, port, f"Port {port} is not one of 80 and 443.", self._fault)


def refused(host: str, port: int, reason: str, fault: Fault = URL_REFUSED) -> FetchError:
    """The error that names what the operator would have to allow; never the address behind a name."""
    shown = f"[{host}]" if ":" in host else host
    return FetchError(fault, f"{reason} The entry would be {shown}:{port}.")
