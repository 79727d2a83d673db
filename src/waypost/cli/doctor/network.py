"""The way to WhatsApp as an engine process goes it: its certificates, its proxy, its name servers."""

import asyncio
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from waypost.cli.doctor.check import Check, failed, ok, skipped
from waypost.cli.doctor.clock import clock
from waypost.config import Settings
from waypost.errors import SANDBOX_UNREACHABLE, SandboxError
from waypost.sandbox.client import SandboxClient

_HOST: Final = "web.whatsapp.com"
_CA: Final = "certificates"
_DNS: Final = "name server"
_REACH: Final = "WhatsApp"
_SANDBOX: Final = "sandbox"
_WITHIN_S: Final = 10.0
_SOCKS: Final = ("socks5", "socks5h")
# Where Go looks on Linux (crypto/x509, root_linux.go): the first file that is there, and all folders.
_CA_FILES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
_CA_FOLDERS: Final = ("/etc/ssl/certs", "/etc/pki/tls/certs")


def network(settings: Settings, environ: Mapping[str, str]) -> Sequence[Check]:
    """Whether the network that new instances use can be reached from here."""
    if settings.network == "sandbox":
        return [_sandbox(settings.sandbox_url), skipped(_REACH, "New instances are on the sandbox.")]
    trusted, certificates = _certificates(environ)
    if trusted is None:
        return [certificates]
    proxy = _proxy()
    if proxy is None and (unknown := _looked_up()) is not None:
        return [certificates, unknown]
    named = [] if proxy else [ok(_DNS, f"{_HOST} is known.")]
    return [certificates, *named, *_reached(trusted, proxy)]


def _sandbox(url: str) -> Check:
    async def ask() -> None:
        async with SandboxClient(url) as client, asyncio.timeout(_WITHIN_S):
            await client.network()

    try:
        asyncio.run(ask())
    except (SandboxError, TimeoutError):
        return failed(_SANDBOX, f"None answers at {url}.", SANDBOX_UNREACHABLE.sentence)
    return ok(_SANDBOX, f"It answers at {url}.")


def _certificates(environ: Mapping[str, str]) -> tuple[ssl.SSLContext | None, Check]:
    """The roots that an engine process trusts; None where there are none."""
    if sys.platform != "linux":
        return ssl.create_default_context(), ok(_CA, "The system's own are used.")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    named = environ.get("SSL_CERT_FILE")
    file = next((Path(name) for name in ([named] if named else _CA_FILES) if Path(name).is_file()), None)
    folders = [name for name in environ.get("SSL_CERT_DIR", "").split(":") if name] or _CA_FOLDERS
    for path in [*([file] if file else []), *(one for name in folders for one in _files(Path(name)))]:
        try:
            context.load_verify_locations(path)
        except (OSError, ssl.SSLError):
            continue
    count = context.cert_store_stats()["x509_ca"]
    if count == 0:
        where = " (SSL_CERT_FILE and SSL_CERT_DIR are looked at first)" if named else ""
        says = f"There are no root certificates{where}: no TLS connection can be trusted."
        return None, failed(_CA, says, "Install ca-certificates, or name yours in SSL_CERT_FILE.")
    return context, ok(_CA, f"{count} root certificates.")


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix in (".pem", ".crt"))
    except OSError:
        return []


def _proxy() -> str | None:
    """The proxy that HTTPS_PROXY and NO_PROXY lead through. It may hold a password: never shown whole."""
    named = None if proxy_bypass(_HOST) else getproxies().get("https")
    # As Go reads it (net/http/httpproxy): a bare host is a proxy that speaks HTTP.
    return f"http://{named}" if named and "://" not in named else named


def _looked_up() -> Check | None:
    """What is wrong with the name server; None when it knows WhatsApp."""
    mend = "Check /etc/resolv.conf, or a firewall in the way of port 53."
    try:
        _within(lambda: socket.getaddrinfo(_HOST, 443, type=socket.SOCK_STREAM))
    except TimeoutError:
        return failed(_DNS, f"It does not answer within {_WITHIN_S:.0f} s.", mend)
    except OSError as error:
        return failed(_DNS, f"It does not know {_HOST}: {error.strerror}.", mend)
    return None


def _within(call: Callable[[], Any]) -> Any:
    """The result of a call that nothing can interrupt. Raises what it raises, and TimeoutError."""
    done: list[Any] = []

    def run() -> None:
        try:
            done.append((call(), None))
        except OSError as error:
            done.append((None, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(_WITHIN_S)
    if not done:
        raise TimeoutError
    result, error = done[0]
    if error is not None:
        raise error
    return result


def _unusable(proxy: str) -> Check | None:
    """What keeps this proxy from being tried; None when it can be."""
    mend = "Write it as http://host:port or http://user:password@host:port."
    try:
        parts = urlsplit(proxy)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:
        return failed(_REACH, "HTTPS_PROXY is no address of a proxy.", mend)
    if parts.scheme in _SOCKS:
        return skipped(_REACH, f"The SOCKS proxy {host} was not tried: the engine can use it, doctor can't.")
    if parts.scheme not in ("http", "https") or not host:
        return failed(_REACH, "HTTPS_PROXY is no address of a proxy.", mend)
    return None


def _reached(trusted: ssl.SSLContext, proxy: str | None) -> list[Check]:
    if proxy is not None and (unusable := _unusable(proxy)) is not None:
        return [unusable]
    way = f" through the proxy {urlsplit(proxy).hostname}" if proxy else ""
    try:
        with httpx.Client(verify=trusted, proxy=proxy, trust_env=False, timeout=_WITHIN_S) as http:
            began = time.time()
            answer = http.get(f"https://{_HOST}/")
            ended = time.time()
    except httpx.HTTPError as error:
        says = f"{_HOST} can't be reached{way}: {str(error) or type(error).__name__}."
        return [failed(_REACH, says, _mend(error, proxy))]
    checks = [ok(_REACH, f"{_HOST} answers{way} after {(ended - began) * 1000:.0f} ms.")]
    if told := answer.headers.get("date"):
        # It is cut to whole seconds.
        ahead = parsedate_to_datetime(told).timestamp() + 0.5 - (began + ended) / 2
        checks.append(clock("WhatsApp's", ahead, (ended - began) / 2 + 0.5))
    return checks


def _mend(error: httpx.HTTPError, proxy: str | None) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "Something in between signs certificates itself: name its root in SSL_CERT_FILE."
    if proxy is not None:
        return "Check HTTPS_PROXY, and that the proxy lets CONNECT to port 443 through."
    return "Let TCP port 443 out, or set HTTPS_PROXY."
