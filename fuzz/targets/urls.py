import ipaddress
import socket

from fuzz.target import Choices, Target
from waypost.errors import URL_INVALID, FetchError
from waypost.net.addresses import is_public, unwrap
from waypost.net.allow import AllowList, Rule
from waypost.net.egress import _next_url, parse_url
from waypost.net.guard import GuardedBackend

_NOBODY = AllowList()


async def _unused(host: str) -> list[ipaddress.IPv4Address]:
    raise AssertionError(host)


_GUARD = GuardedBackend(_NOBODY, _unused)


def check(data: bytes) -> None:
    choices = Choices(data)
    read = (_url, _redirect, _rule, _address)[choices.number(3)]
    read(choices.rest())


def _url(data: bytes) -> None:
    try:
        url = parse_url(data.decode("utf-8", "surrogateescape"))
    except FetchError as error:
        assert error.fault is URL_INVALID
        return
    assert url.scheme in ("http", "https")
    assert url.host
    assert not url.userinfo
    assert not url.fragment
    assert parse_url(str(url)) == url
    for byte in b"\r\n\0 ":
        assert byte not in url.netloc + url.raw_path
    _literal(url.host, url.port or 80)


def _literal(host: str, port: int) -> None:
    """An address in any spelling that the system knows (0x7f.1, 017700000001) passes only when public."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return
    addresses = [ipaddress.ip_address(entry[4][0]) for entry in found]
    try:
        _GUARD._check(host, port, addresses)
    except FetchError:
        return
    assert port in (80, 443)
    for address in addresses:
        assert address.is_global
        assert not (
            address.is_private or address.is_loopback or address.is_link_local or address.is_multicast
        )


def _redirect(data: bytes) -> None:
    try:
        url = _next_url(parse_url("https://one.example/a/b?c"), data)
    except FetchError as error:
        assert error.fault is URL_INVALID
        return
    assert parse_url(str(url)) == url
    _literal(url.host, url.port or 443)


def _rule(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    try:
        rule = Rule.parse(text)
    except ValueError as error:
        assert str(error).endswith(".")
        return
    allow = AllowList((rule,))
    assert rule.port is None or 0 < rule.port < 65536
    if rule.host is not None:
        assert allow.names(rule.host.upper() + ".", rule.port or 81)
        assert Rule.parse(rule.host) == Rule(rule.host, None, None)
    elif rule.network is not None:
        assert allow.covers(rule.network.network_address, rule.port or 81)
        assert Rule.parse(str(rule.network)) == Rule(None, rule.network, None)


def _address(data: bytes) -> None:
    if len(data) not in (4, 16):
        return
    address = ipaddress.ip_address(data)
    inner = unwrap(address)
    assert unwrap(inner) == inner or isinstance(inner, ipaddress.IPv6Address)
    if is_public(address):
        assert is_public(inner)
        assert not (inner.is_private or inner.is_loopback or inner.is_link_local or inner.is_unspecified)


TARGET = Target(
    promise=(
        "a URL is URL_INVALID or reads the same again, and no spelling of"
        " a private address gets past the guard"
    ),
    check=check,
    seeds=lambda: [
        *(
            b"\0" + url
            for url in (
                b"https://example.org:443/a%20b?c=d#e",
                b"http://user@host/",
                b"http://127.0.0.1/",
                b"http://0x7f.1/",
                b"http://[::ffff:127.0.0.1]/",
                b"http://017700000001/",
                b"http://b\xc3\xbccher.example/",
                b"http://1.1.1.1:80",
                b"http://[fe80::1%25eth0]/",
                b"http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1/",
                b"http://8.8.8.8/\xc3\xa9 b",
            )
        ),
        *(
            b"\x01" + url
            for url in (b"/x", b"//other.example:8080/", b"?q", b"http:///", b"https://a/../..", b"\\\\host")
        ),
        *(
            b"\x02" + rule
            for rule in (b"10.0.0.0/8", b"[fd00::/8]:8080", b"*:8080", b"media.local:81", b"host.", b"::1")
        ),
        *(
            b"\x03" + raw
            for raw in (bytes(4), bytes.fromhex("0064ff9b" + "00" * 8 + "7f000001"), b"\x20\x02" + bytes(14))
        ),
    ],
    longest=300,
    rate=1000,
)
