"""The address under which a caller reaches this gateway, for links that it follows verbatim."""

import ipaddress
import re
from collections.abc import Sequence

from waypost.api.endpoint import Http

_HOST = re.compile(r"[A-Za-z0-9._\-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class PublicAddress:
    """Tells the public address of the gateway as a caller sees it."""

    def __init__(self, public_url: str, trusted_proxies: Sequence[str], own_address: str) -> None:
        """`own_address` (host:port) stands in for a Host header that is missing or no host."""
        self._public_url = public_url.rstrip("/")
        self._trusted: list[Network] = [ipaddress.ip_network(one, strict=False) for one in trusted_proxies]
        self._own_address = own_address

    def base(self, http: Http) -> str:
        """`scheme://host[:port]`, without a slash at the end."""
        if self._public_url:
            return self._public_url
        headers = http.headers
        scheme, host = http.scope["scheme"], headers.get("host", "")
        forwarded = "x-forwarded-host" in headers or "x-forwarded-proto" in headers
        if forwarded and self._is_trusted(http.client.host if http.client else ""):
            proto = headers.get("x-forwarded-proto", "").split(",")[0].strip().lower()
            scheme = proto if proto in ("http", "https") else scheme
            host = headers.get("x-forwarded-host", "").split(",")[0].strip() or host
        if not _HOST.fullmatch(host):
            host = self._own_address
        return f"{scheme}://{_reachable(host)}"

    def client(self, http: Http) -> str:
        """Who calls: the address that a trusted proxy has seen, or else that of the connection."""
        seen = http.client.host if http.client else ""
        if self._is_trusted(seen):
            named = [one.strip() for one in http.headers.get("x-forwarded-for", "").split(",")]
            # What a caller writes there itself stands before what its proxies add.
            return next((one for one in reversed(named) if one and not self._is_trusted(one)), seen)
        return seen

    def _is_trusted(self, client: str) -> bool:
        try:
            address = ipaddress.ip_address(client)
        except ValueError:
            return False
        return any(address in network for network in self._trusted)


def _reachable(host: str) -> str:
    """`host` as one can connect to it: "any address" is where a server listens, not where it is."""
    name, colon, port = host.rpartition(":") if ":" in host and not host.endswith("]") else (host, "", "")
    if name == "0.0.0.0":  # noqa: S104 - what callers must not get, not what is bound
        name = "127.0.0.1"
    elif name == "[::]":
        name = "[::1]"
    return f"{name}{colon}{port}"
