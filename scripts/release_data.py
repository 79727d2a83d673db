"""Records what a release leaves behind, for tests/migration/test_releases.py to open with the code of today.

    .venv/bin/python scripts/release_data.py tests/migration/releases/0.1.0.tar.xz

Run by the Python of that release: it starts the release's own sandbox and gateway, pairs an instance, lets a
note and a text arrive, queues more while the network is away, and packs both data folders with a list of
what is in them. `--database postgresql://…` (an empty database; `pg_dump` in PATH) records the same on
PostgreSQL. All numbers, keys and tokens in it belong to that sandbox alone.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

import waypost
from waypost.sandbox.client import SandboxClient
from waypost.sandbox.views import NewContact

PHONE, CONTACT = "447700900201", "447700900202"
CHAT = f"{CONTACT}@c.us"
ADMIN_TOKEN = "1|of-a-recorded-release-0123456789"
NOTE = Path(waypost.__file__).parent / "cli" / "demo" / "audio" / "greeting.amr"
# Opened in years: nothing that waits may have expired by then.
YEARS = str(100 * 365 * 86400)
SETTINGS = {
    "WAYPOST_ADMIN_TOKEN": ADMIN_TOKEN,
    "WAYPOST_NETWORK": "sandbox",
    "WAYPOST_EXPIRES_SECONDS": YEARS,
    # Uploads lie in files too.
    "WAYPOST_INLINE_MAX_BYTES": "1000",
    "WAYPOST_VOICE_WORKERS": "1",
}


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.asynccontextmanager
async def running(arguments: list[str], ready: str, settings: dict[str, str]) -> AsyncIterator[None]:
    """One of the release's programs, until it has ended by itself after a SIGTERM."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WAYPOST_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "waypost", *arguments, env={**clean, **settings}, stdout=subprocess.DEVNULL
    )
    try:
        async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(60):
            while not await answers(http, ready):
                assert process.returncode is None, f"waypost {arguments[0]} ended"
                await asyncio.sleep(0.1)
        yield
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def answers(http: httpx.AsyncClient, url: str) -> bool:
    """Whether there is a 200."""
    try:
        return (await http.get(url)).status_code == 200
    except httpx.TransportError:
        return False


class Caller:
    """The release's API, with the token of its instance once there is one."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.instance: dict[str, Any] = {}

    async def call(self, method: str, path: str, token: str = "", **what: Any) -> Any:
        """A call of the instance, or with a path of its own one of the admin."""
        headers = {
            "Authorization": f"Bearer {token or self.instance['access_token']}",
            "Accept": "application/json",
            **what.pop("headers", {}),
        }
        base = "" if path.startswith("/") else f"/api/whatsapp/v2/{self.instance['id']}/"
        answer = await self.http.request(method, base + path, headers=headers, **what)
        answer.raise_for_status()
        return answer.json()

    async def pair(self, sandbox: SandboxClient) -> None:
        """Create the instance, scan its code, wait until it works."""
        body = {"name": "kept", "phone": f"+{PHONE}"}
        path = "/api/whatsapp/v2/create-instance"
        self.instance = await self.call("POST", path, ADMIN_TOKEN, json=body)
        await sandbox.add_phone(f"+{PHONE}", "Kept")
        await sandbox.scan(f"+{PHONE}", self.instance["qr_text"])
        async with asyncio.timeout(60):
            while (await self.call("GET", "health"))["status"] != "WORKING":
                await asyncio.sleep(0.1)

    async def voice(self) -> str:
        """Have a note sent; the uuid."""
        file = {"file": ("note.amr", NOTE.read_bytes())}
        answer = await self.call("POST", "send-voice", data={"chatId": CHAT}, files=file)
        return str(answer["queued_request_uuid"])

    async def text(self, text: str, **headers: str) -> str:
        """Have a text sent; the uuid."""
        body = {"chatId": CHAT, "text": text}
        answer = await self.call("POST", "send-text", json=body, headers=headers)
        return str(answer["queued_request_uuid"])

    async def seen(self, uuid: str, status: str) -> dict[str, Any]:
        """The request, once its message has come that far."""
        async with asyncio.timeout(60):
            while True:
                found: dict[str, Any] = await self.call("GET", f"queued-requests/{uuid}")
                if (found["response_body"] or {}).get("status") == status:
                    return found
                await asyncio.sleep(0.1)


async def record(folder: Path, database: str) -> dict[str, Any]:
    """Leave data folders in `folder`; what they hold."""
    port, control = free_port(), free_port()
    control_url = f"http://127.0.0.1:{control}"
    settings = {
        **SETTINGS,
        "WAYPOST_DATA": str(folder / "gateway"),
        "WAYPOST_PORT": str(port),
        "WAYPOST_SANDBOX_URL": control_url,
        "WAYPOST_DATABASE_URL": database,
    }
    url = f"http://127.0.0.1:{port}"
    ports = ["--control-port", str(control), "--proxy-port", "0"]
    sandbox_serve = ["sandbox", "serve", "--data", str(folder / "sandbox"), *ports]
    async with contextlib.AsyncExitStack() as stack:
        outer = await stack.enter_async_context(contextlib.AsyncExitStack())
        await outer.enter_async_context(running(sandbox_serve, f"{control_url}/v1/network", {}))
        await stack.enter_async_context(running(["serve"], f"{url}/readyz", settings))
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=url, trust_env=False, timeout=60))
        caller = Caller(http)
        async with SandboxClient(control_url) as sandbox:
            contact = NewContact(f"+{CONTACT}", "Ada", delivered_after=0.0, read_after=0.1, played_after=0.2)
            await sandbox.add_contact(contact)
            await caller.pair(sandbox)
            note = await caller.seen(await caller.voice(), "PLAYED")
            text = await caller.seen(await caller.text("before"), "READ")
        # The network goes; what is posted from here on waits.
        await outer.aclose()
        waiting = [
            await caller.text("first"),
            await caller.voice(),
            await caller.text("last", **{"Idempotency-Key": "kept-key"}),
        ]
        assert {(await caller.call("GET", f"queued-requests/{one}"))["status"] for one in waiting} <= {
            "queued",
            "preparing",
        }
        return {
            "version": waypost.__version__,
            "admin_token": ADMIN_TOKEN,
            "instance": caller.instance["id"],
            "token": caller.instance["access_token"],
            "phone": PHONE,
            "contact": CONTACT,
            "note": {"uuid": note["uuid"], "id": note["response_body"]["key"]["id"]},
            "text": {"uuid": text["uuid"], "id": text["response_body"]["key"]["id"]},
            "waiting": waiting,
            "idempotency_key": "kept-key",
        }


def pack(folder: Path, facts: dict[str, Any], database: str, out: Path) -> None:
    """Everything in one archive, without names and times of this machine."""
    (folder / "facts.json").write_text(json.dumps(facts, indent=2))
    if database:
        with (folder / "database.sql").open("wb") as dump:
            words = ["pg_dump", "--inserts", "--no-owner", "--no-privileges", database]
            subprocess.run(words, stdout=dump, check=True)

    def bare(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        entry.uid = entry.gid = entry.mtime = 0
        entry.uname = entry.gname = ""
        # Keys of TLS are made anew; the emulated network's own media are of no more use.
        unwanted = entry.name.startswith("sandbox/") and entry.name != "sandbox/sandbox.db"
        return None if unwanted else entry

    out.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(out, "w:xz", preset=9) as archive:
        for one in sorted(folder.iterdir()):
            archive.add(one, one.name, filter=bare)


def main() -> None:
    """Record a release."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("out", type=Path)
    options.add_argument("--database", default="")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="waypost-release-") as folder:
        facts = asyncio.run(record(Path(folder), chosen.database))
        pack(Path(folder), facts, chosen.database, chosen.out)
    print(f"{chosen.out}: {chosen.out.stat().st_size:,} bytes, made by waypost {facts['version']}")


if __name__ == "__main__":
    main()
