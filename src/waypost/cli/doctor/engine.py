import platform
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, Final

import httpx

from waypost.cli.doctor.check import Check, failed, ok, skipped
from waypost.cli.doctor.listening import own_url
from waypost.config import Settings
from waypost.engine.hosts.whatsmeow.library import (
    PINNED_HASHES,
    PINNED_VERSION,
    LibraryUnusable,
    library_name,
    package_folder,
    verified,
)
from waypost.errors import CLIENT_OUTDATED

_LIBRARY: Final = "engine library"
_CLIENT: Final = "client version"
_LOAD: Final = (
    "from waypost.engine.hosts.whatsmeow.library import load, LibraryUnusable\n"
    "try: load()\n"
    "except (LibraryUnusable, OSError) as error: raise SystemExit(str(error))"
)
_LOADED_WITHIN_S: Final = 30.0
_ANSWERED_WITHIN_S: Final = 10.0
_MEND: Final = "Install what is pinned: pip install --force-reinstall --no-deps neonize=={}"
_PATH: Final = "/api/whatsapp/v2/instances"


def library() -> Check:
    """Whether the engine's library is the pinned file, and can be loaded (in a process of its own)."""
    mend = _MEND.format(PINNED_VERSION)
    try:
        path = verified(package_folder() / library_name(platform.system(), platform.machine()), PINNED_HASHES)
    except LibraryUnusable as unusable:
        return failed(_LIBRARY, f"It can't be used: {unusable}.", mend)
    try:
        loaded = subprocess.run(
            [sys.executable, "-c", _LOAD],
            capture_output=True,
            text=True,
            timeout=_LOADED_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return failed(_LIBRARY, f"It does not load within {_LOADED_WITHIN_S:.0f} s.", mend)
    if loaded.returncode != 0:
        why = (loaded.stderr.strip().splitlines() or ["it ends without a word"])[-1]
        return failed(_LIBRARY, f"It does not load: {why}", mend)
    digest = PINNED_HASHES[path.name][:16]
    return ok(_LIBRARY, f"{path.name} of neonize {PINNED_VERSION} is the pinned file ({digest}…) and loads.")


def client(outdated: Sequence[str]) -> Check:
    """Whether WhatsApp still takes this version; `outdated` are the instances that it refused for it."""
    if not outdated:
        return ok(_CLIENT, "WhatsApp has refused no instance for the engine's version.")
    says = f"WhatsApp refuses the engine's version: {', '.join(outdated)}. Their requests wait."
    return failed(_CLIENT, says, CLIENT_OUTDATED.sentence)


def client_at(settings: Settings, token: str | None) -> Check:
    """The same, asked of the gateway that runs here."""
    if not token:
        return skipped(_CLIENT, "The gateway was not asked about its instances.", "Set WAYPOST_TOKEN.")
    try:
        answer = httpx.get(
            own_url(settings) + _PATH,
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            timeout=_ANSWERED_WITHIN_S,
            trust_env=False,
        )
        answer.raise_for_status()
        instances: list[dict[str, Any]] = answer.json()
    except httpx.HTTPStatusError as error:
        says = f"The gateway answers {error.response.status_code} to WAYPOST_TOKEN."
        return skipped(_CLIENT, says, "Set it to a token of that gateway.")
    except (httpx.HTTPError, ValueError):
        return skipped(_CLIENT, "No gateway runs here that could be asked.")
    return client([one["name"] for one in instances if one["reason"] == "outdated"])
