"""What callers' URLs may lead to beyond the public internet's web ports (`WAYPOST_FETCH_ALLOW`)."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from waypost.net.addresses import Address, Network, unwrap

WEB_PORTS: Final = frozenset({80, 443})

_ENTRY: Final = re.compile(r"(?:\[(?P<bracketed>[^\]]+)\]|(?P<plain>[^:]+))(?::(?P<port>[0-9]{1,5}))?")
_HOST: Final = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?")


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry: a name or a network (neither: any public address), on one port (None: on every port)."""

    host: str | None
    network: Network | None
    port: int | None

    @classmethod
    def parse(cls, entry: str) -> Self:
        """Read `host`, an address, a network in CIDR notation or `*`, with an optional `:port`.

        IPv6 takes brackets before a port: `[fd00::/8]:8080`. Raises ValueError with a sentence.
        """
        subject, port = _split(entry.strip().lower())
        if subject == "*":
            if port is None:
                raise ValueError("The entry * needs a port, as in *:8080.")
            return cls(None, None, port)
        try:
            return cls(None, ipaddress.ip_network(subject, strict=False), port)
        except ValueError:
            if not _HOST.fullmatch(subject):
                raise ValueError(_EXPECTED.format(entry)) from None
        return cls(subject.rstrip("."), None, port)

    def serves(self, port: int) -> bool:
        """Whether the entry is about `port`."""
        return self.port is None or self.port == port


@dataclass(frozen=True, slots=True)
class AllowList:
    """The entries together. An empty list allows public addresses on ports 80 and 443, as every list does."""

    rules: tuple[Rule, ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> Self:
        """Read all entries. Raises ValueError with a sentence about the first wrong one."""
        return cls(tuple(Rule.parse(entry) for entry in entries))

    def names(self, host: str, port: int) -> bool:
        """Whether an entry names `host` itself: wherever it resolves to is then the operator's word."""
        host = host.lower().rstrip(".")
        return any(rule.host == host and rule.serves(port) for rule in self.rules)

    def covers(self, address: Address, port: int) -> bool:
        """Whether an entry's network holds `address`, as it is or as what it carries."""
        return any(
            rule.network is not None
            and (address in rule.network or unwrap(address) in rule.network)
            and rule.serves(port)
            for rule in self.rules
        )

    def opens(self, port: int) -> bool:
        """Whether `port` may be used on public addresses."""
        return port in WEB_PORTS or any(
            rule.host is None and rule.network is None and rule.port == port for rule in self.rules
        )


_EXPECTED: Final = (
    "{!r} is not a host name, an address or a network such as 10.0.0.0/8, with an optional :port."
)


def _split(entry: str) -> tuple[str, int | None]:
    try:
        return str(ipaddress.ip_network(entry, strict=False)), None
    except ValueError:
        match = _ENTRY.fullmatch(entry)
    port = int(match["port"]) if match and match["port"] else None
    if match is None or (port is not None and not 1 <= port <= 65535):
        raise ValueError(_EXPECTED.format(entry))
    return match["bracketed"] or match["plain"], port
