import ipaddress

import pytest

from waypost.net.allow import AllowList


@pytest.mark.parametrize(
    ("entry", "address", "port", "covered"),
    [
        ("127.0.0.1", "127.0.0.1", 8000, True),
        ("127.0.0.1", "127.0.0.2", 8000, False),
        ("127.0.0.1:8000", "127.0.0.1", 8000, True),
        ("127.0.0.1:8000", "127.0.0.1", 8001, False),
        ("127.0.0.1:8000", "::ffff:127.0.0.1", 8000, True),
        ("10.0.0.0/8", "10.9.8.7", 443, True),
        ("10.0.0.0/8:9000", "10.9.8.7", 443, False),
        ("::1", "::1", 80, True),
        ("[::1]:8000", "::1", 8000, True),
        ("[::1]:8000", "::1", 80, False),
        ("fd00::/8", "fd12::1", 1234, True),
        ("[fd00::/8]:80", "fd12::1", 80, True),
        ("[fd00::/8]:80", "fd12::1", 81, False),
        ("localhost", "127.0.0.1", 80, False),
    ],
)
def test_a_network_entry_covers_its_addresses_on_its_port(
    entry: str, address: str, port: int, covered: bool
) -> None:
    assert AllowList.parse([entry]).covers(ipaddress.ip_address(address), port) is covered


def test_a_name_entry_names_that_host_alone() -> None:
    allow = AllowList.parse(["Files.example:9000", "minio"])
    assert allow.names("files.example.", 9000)
    assert allow.names("MINIO", 1)
    assert not allow.names("files.example", 443)
    assert not allow.names("www.files.example", 9000)


def test_a_star_opens_a_port_of_public_addresses_only() -> None:
    allow = AllowList.parse(["*:8443"])
    assert allow.opens(8443)
    assert allow.opens(80)
    assert not allow.opens(8080)
    assert not allow.covers(ipaddress.ip_address("10.0.0.1"), 8443)


@pytest.mark.parametrize(
    "entry",
    ["", "*", "a b", "host:0", "host:70000", "http://host", "host/path", "1.2.3.4:x", ":80", "10.0.0.0/40"],
)
def test_a_wrong_entry_is_told_in_a_sentence(entry: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        AllowList.parse([entry])
