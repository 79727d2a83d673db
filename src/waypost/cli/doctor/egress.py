"""What a gateway reaches beside WhatsApp: the names that callers' urls may lead to, and the object store."""

import asyncio
import secrets
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from waypost.cli.doctor.check import Check, failed, ok, warning
from waypost.config import Settings
from waypost.errors import StorageError
from waypost.net.allow import AllowList

_FETCH: Final = "urls of callers"
_STORE: Final = "object store"
_WITHIN_S: Final = 30.0


def egress(settings: Settings) -> Sequence[Check]:
    """Whether WAYPOST_FETCH_ALLOW can be read and its names are known, and the object store keeps files."""
    return [_fetch(settings.fetch_allow), *([_store(settings.blobs_url)] if settings.blobs_url else [])]


def _fetch(entries: Sequence[str]) -> Check:
    try:
        rules = AllowList.parse(entries).rules
    except ValueError as wrong:
        return failed(_FETCH, f"WAYPOST_FETCH_ALLOW can't be read: {wrong}", "See docs/configuration.md.")
    unknown = [rule.host for rule in rules if rule.host is not None and not _is_known(rule.host)]
    if unknown:
        says = f"WAYPOST_FETCH_ALLOW names what the name server does not know: {', '.join(unknown)}."
        return warning(_FETCH, says, "Check the names, or /etc/hosts.")
    beyond = f", and {len(rules)} more by WAYPOST_FETCH_ALLOW" if rules else ""
    return ok(_FETCH, f"They may lead to public addresses on ports 80 and 443{beyond}.")


def _is_known(host: str) -> bool:
    try:
        return bool(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
    except OSError:
        return False


def _store(url: str) -> Check:
    mend = "Check WAYPOST_BLOBS_URL, the AWS_* variables, and the rights to read, write and delete there."
    try:
        asyncio.run(_round_trip(url))
    except TimeoutError:
        return failed(_STORE, f"It does not answer within {_WITHIN_S:.0f} s.", mend)
    except StorageError as error:
        return failed(_STORE, f"It keeps no files: {error.detail}", mend)
    return ok(_STORE, "A file was stored, fetched and removed.")


async def _round_trip(url: str) -> None:
    """Raises StorageError and TimeoutError."""
    # Whoever does without it does without its library.
    from waypost.storage.object_depot import ObjectDepot

    depot, name = ObjectDepot(url), f"doctor-{secrets.token_hex(8)}"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "file"
        source.write_bytes(b"waypost doctor")
        async with asyncio.timeout(_WITHIN_S):
            await depot.store(name, source)
            await depot.fetch(name, Path(folder) / "fetched")
            await depot.delete(name)
