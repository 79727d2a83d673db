"""Which addresses are the public internet.

`ipaddress.is_global` alone is not enough: on Python 3.11 it is True for multicast, for site-local addresses
and for 127.0.0.1 behind the prefixes of NAT64 and 6to4. So: unwrap first, then ask for all of its properties,
then deny what the IANA special-purpose registries (RFC 6890 and its updates) list beyond them.
"""

import ipaddress
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")

_DENIED: Final[tuple[Network, ...]] = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # IETF protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays, gone
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "64:ff9b:1::/48",  # NAT64 of the local network: leads inside by its purpose (RFC 8215)
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing inside one network
    )
)


def unwrap(address: Address) -> Address:
    """The IPv4 address that an IPv6 one carries (mapped, 6to4, Teredo, NAT64): where the packet ends up."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(address.packed[-4:])
    carried = address.ipv4_mapped or address.sixtofour
    if carried is None and address.teredo is not None:
        carried = address.teredo[1]
    return carried or address


def is_public(address: Address) -> bool:
    """Whether `address` is a host on the public internet, to which anybody could connect."""
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None:
        return False
    inner = unwrap(address)
    if not inner.is_global or inner.is_multicast or inner.is_reserved or inner.is_unspecified:
        return False
    if isinstance(inner, ipaddress.IPv6Address) and inner.is_site_local:
        return False
    return not any(inner in network for network in _DENIED)
