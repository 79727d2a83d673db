import ipaddress

import pytest

from waypost.net.addresses import is_public, unwrap

# Addresses that a plain `is_global` lets through on Python 3.11.
LOOK_GLOBAL = [
    "224.0.0.1",
    "ff02::1",
    "ff0e::1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "fec0::1",
    "192.0.0.8",
    "192.88.99.1",
]

INSIDE = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.1.1",
    "192.0.0.1",
    "192.0.0.9",
    "192.0.0.255",
    "192.0.2.1",
    "192.88.99.0",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:192.0.2.1",
    "64:ff9b::a00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1",
    "64:ff9b:1::808:808",
    "2002:a00:1::1",
    "2002:c0a8:101::",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "100::1",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%1",
    "2606:4700::1%eth0",
    "ff05::2",
]

OUTSIDE = [
    "1.1.1.1",
    "8.8.8.8",
    "192.0.1.1",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001::200e",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::",
]


@pytest.mark.parametrize("text", LOOK_GLOBAL + INSIDE)
def test_an_address_inside_is_not_public(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", OUTSIDE)
def test_an_address_outside_is_public(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("64:ff9b::a00:1", "10.0.0.1"),
        ("2002:a00:1::", "10.0.0.1"),
        ("2001:0:4136:e378:8000:63bf:f5ff:fffe", "10.0.0.1"),
        ("2606:4700::1", "2606:4700::1"),
        ("10.0.0.1", "10.0.0.1"),
    ],
)
def test_unwrap_finds_the_ipv4_address_inside(text: str, inner: str) -> None:
    assert unwrap(ipaddress.ip_address(text)) == ipaddress.ip_address(inner)
