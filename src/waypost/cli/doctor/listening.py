"""The HTTP API's port: free, or a gateway of ours behind it."""

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import httpx

from waypost.cli.doctor.check import Check, failed, ok, warning
from waypost.config import Settings
from waypost.errors import PORT_TAKEN, StorageError

_PORT: Final = "port"
_READY: Final = "gateway"
_SECONDS: Final = 2.0


def listening(settings: Settings) -> Sequence[Check]:
    """Whether the port is free, or a gateway answers there and is ready."""
    runs = holder(settings.data)
    if settings.port == 0:
        return [ok(_PORT, "Any free port is taken (WAYPOST_PORT is 0).")]
    url = own_url(settings)
    try:
        answer = httpx.get(f"{url}/readyz", timeout=_SECONDS, trust_env=False)
    except httpx.ConnectError:
        return [_free(settings, runs)]
    except httpx.HTTPError as error:
        says = f"What listens on {settings.host}:{settings.port} does not answer ({type(error).__name__})."
        return [failed(_PORT, says, PORT_TAKEN.sentence)]
    try:
        status = answer.json()["status"]
    except (ValueError, KeyError, TypeError):
        says = f"Something else than Waypost answers on {settings.host}:{settings.port}."
        return [failed(_PORT, says, PORT_TAKEN.sentence)]
    answers = ok(_PORT, f"A gateway answers at {url}.")
    if status == "ready":
        return [answers, ok(_READY, "It is ready.")]
    why = str(answer.json().get("message", ""))
    return [answers, failed(_READY, f"It is not ready: {why}", "Its log says more.")]


def own_url(settings: Settings) -> str:
    """Where a gateway with these settings is reached from this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def _free(settings: Settings, runs: str) -> Check:
    if runs:
        says = f"A gateway (process {runs}) runs on {settings.data}, but none answers at {own_url(settings)}."
        return warning(_PORT, says, "Give doctor the WAYPOST_HOST and WAYPOST_PORT of that gateway.")
    # uvicorn and what belongs to it: half a second that other checks need not wait for.
    from waypost.api.server import listen

    try:
        listen(settings.host, settings.port).close()
    except StorageError as error:
        return failed(_PORT, f"It can't be listened on: {error.detail}", PORT_TAKEN.sentence)
    return ok(_PORT, f"{settings.host}:{settings.port} is free; no gateway runs.")


def holder(folder: Path) -> str:
    """The process id of the gateway that runs on a data folder; empty when there is none."""
    try:
        descriptor = os.open(folder / "waypost.lock", os.O_RDONLY)
    except OSError:
        return ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
    finally:
        os.close(descriptor)
    return ""
