"""A sandbox, a gateway and paired instances as real processes, for every measurement that needs them."""

import asyncio
import base64
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from waypost.sandbox.client import SandboxClient
from waypost.sandbox.views import NewContact
from waypost.testing.processes import Pair, sandbox_and_gateway

CONTACT = "447700910000"


@dataclass(frozen=True)
class Instance:
    """A paired instance: what a caller needs of it."""

    id: str
    token: str
    phone: str


@dataclass(frozen=True)
class Town:
    """What runs, and who lives in it."""

    pair: Pair
    sandbox: SandboxClient
    http: httpx.AsyncClient
    instances: list[Instance]

    async def add_instance(self) -> Instance:
        """Create one more instance, scan its code, wait until it works."""
        number = len(self.instances)
        phone = f"44770092{number:04}"
        created = await self._call(
            "POST", "create-instance", self.pair.admin_token, {"name": f"b{number}", "phone": f"+{phone}"}
        )
        await self.sandbox.add_phone(f"+{phone}", f"Bench {number}")
        await self.sandbox.scan(f"+{phone}", created["qr_text"])
        instance = Instance(created["id"], created["access_token"], phone)
        await self.working(instance)
        self.instances.append(instance)
        return instance

    async def working(self, instance: Instance, within_s: float = 60) -> None:
        """Wait until the instance is WORKING."""
        async with asyncio.timeout(within_s):
            while (await self.health(instance))["status"] != "WORKING":
                await asyncio.sleep(0.02)

    async def health(self, instance: Instance) -> dict[str, Any]:
        """The instance's state."""
        return await self._call("GET", f"{instance.id}/health", instance.token)

    async def any_that_is(self, instance: Instance, *states: str) -> bool:
        """Whether any request of the instance is in one of these states."""
        path = f"{instance.id}/queued-requests?status={','.join(states)}&limit=1"
        return bool((await self._call("GET", path, instance.token))["data"])

    async def send(self, instance: Instance, note: bytes, name: str, contact: str = CONTACT) -> str:
        """send-voice as multipart; the request's uuid."""
        answer = await self.http.post(
            f"/api/whatsapp/v2/{instance.id}/send-voice",
            headers={"Authorization": f"Bearer {instance.token}"},
            data={"chatId": f"{contact}@c.us"},
            files={"file": (name, note)},
        )
        answer.raise_for_status()
        uuid: str = answer.json()["queued_request_uuid"]
        return uuid

    async def finished(self, instance: Instance, uuid: str) -> None:
        """Wait until the request is sent, asked once for as long as it takes. RuntimeError if it fails."""
        while True:
            answer = await self.http.get(
                f"/api/whatsapp/v2/{instance.id}/queued-requests/{uuid}",
                headers={"Authorization": f"Bearer {instance.token}", "Prefer": "wait=20"},
            )
            answer.raise_for_status()
            status = answer.json()["status"]
            if status == "sent":
                return
            if status in ("failed", "cancelled"):
                raise RuntimeError(f"a note ended as {status}")

    async def _call(
        self, method: str, path: str, token: str, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        answer = await self.http.request(
            method, f"/api/whatsapp/v2/{path}", headers={"Authorization": f"Bearer {token}"}, json=body
        )
        answer.raise_for_status()
        result: dict[str, Any] = answer.json()
        return result


@asynccontextmanager
async def town(settings: Mapping[str, str] | None = None) -> AsyncIterator[Town]:
    """Start both programs with one paired instance and a contact; `settings` are WAYPOST_* variables."""
    with tempfile.TemporaryDirectory(prefix="waypost-bench-") as name:
        pair = sandbox_and_gateway(Path(name), {"WAYPOST_LIMIT_CREATE_INSTANCE": "0", **(settings or {})})
        try:
            await pair.sandbox.start()
            await pair.gateway.start()
            async with (
                SandboxClient(pair.control_url) as sandbox,
                httpx.AsyncClient(base_url=pair.url, trust_env=False, timeout=60) as http,
            ):
                await sandbox.add_contact(NewContact(f"+{CONTACT}", "Ada"))
                here = Town(pair, sandbox, http, [])
                await here.add_instance()
                yield here
        finally:
            await pair.gateway.stop()
            await pair.sandbox.stop()


async def load(url: str, head: str, body: bytes, *, requests: int, connections: int = 64) -> dict[str, Any]:
    """Run the load generator in a process of its own; its figures. RuntimeError when an answer was no 200."""
    where = urlsplit(url)
    order = {
        "host": where.hostname, "port": where.port, "connections": connections, "requests": requests,
        "head": head, "body": base64.b64encode(body).decode(),
    }  # fmt: skip
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.load", json.dumps(order), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await child.communicate()
    figures: dict[str, Any] = json.loads(out)
    if set(figures["statuses"]) != {"200"}:
        raise RuntimeError(f"not every answer was 200: {figures['statuses']}")
    return figures
