"""A sandbox, a gateway and paired instances as real processes, for every measurement that needs them."""

import asyncio
import base64
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
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
_PAIRED_AT_ONCE = 4
_CODE_WITHIN_S = 60


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

    async def grow(self, count: int) -> None:
        """Pair more instances until there are `count`, a few at the same time."""
        places = asyncio.Semaphore(_PAIRED_AT_ONCE)

        async def one(number: int) -> Instance:
            async with places:
                instance, code = await self.create(number)
                await self.pair_up(instance, code)
                return instance

        begin = len(self.instances)
        self.instances.extend(await asyncio.gather(*(one(number) for number in range(begin, count))))
        await self.all_working()

    async def create(self, number: int) -> tuple[Instance, str]:
        """An instance that is not paired yet, and the text of its QR code."""
        phone = f"44770092{number:04}"
        created = await self._call(
            "POST", "create-instance", self.pair.admin_token, {"name": f"b{number}", "phone": f"+{phone}"}
        )
        instance = Instance(created["id"], created["access_token"], phone)
        return instance, created["qr_text"] or await self.new_code(instance)

    async def new_code(self, instance: Instance) -> str:
        """The text of a fresh QR code, from as many attempts as it takes."""
        async with asyncio.timeout(_CODE_WITHIN_S):
            while True:
                shown = await self._call("POST", f"{instance.id}/request-new-qr-code", instance.token)
                if shown["qr_text"]:
                    return str(shown["qr_text"])

    async def pair_up(self, instance: Instance, code: str) -> None:
        """Scan the code with the instance's phone; it works a moment later."""
        await self.sandbox.add_phone(f"+{instance.phone}", f"Bench {instance.phone}")
        await self.sandbox.scan(f"+{instance.phone}", code)

    async def offline_instance(self, name: str) -> Instance:
        """An instance that nobody will pair: what is accepted for it waits."""
        body = {"name": name, "phone": "+447700930000"}
        created = await self._call("POST", "create-instance", self.pair.admin_token, body)
        instance = Instance(created["id"], created["access_token"], "447700930000")
        await self._call("POST", f"{instance.id}/logout", instance.token)
        return instance

    async def delete(self, instance: Instance) -> None:
        """Delete an instance with all that waits for it."""
        await self._call("DELETE", instance.id, self.pair.admin_token)

    async def all_working(self, within_s: float = 120) -> None:
        """Wait until all paired instances are WORKING."""
        async with asyncio.timeout(within_s):
            while await self.working() < len(self.instances):
                # The list of a hundred instances takes milliseconds that the gateway needs to come back.
                await asyncio.sleep(0.1)

    async def working(self) -> int:
        """How many instances are WORKING."""
        # One question about all: asking for each would keep the client busier than the gateway.
        return len(await self._call("GET", "instances?filter[status]=WORKING", self.pair.admin_token))

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

    async def _call(self, method: str, path: str, token: str, body: Mapping[str, Any] | None = None) -> Any:
        answer = await self.http.request(
            method, f"/api/whatsapp/v2/{path}", headers={"Authorization": f"Bearer {token}"}, json=body
        )
        answer.raise_for_status()
        return answer.json()


@asynccontextmanager
async def town(settings: Mapping[str, str] | None = None) -> AsyncIterator[Town]:
    """Start both programs with one paired instance and a contact; `settings` are WAYPOST_* variables."""
    with tempfile.TemporaryDirectory(prefix="waypost-bench-") as name:
        unlimited = {"WAYPOST_LIMIT_CREATE_INSTANCE": "0", "WAYPOST_LIMIT_QR_CODE": "0"}
        pair = sandbox_and_gateway(Path(name), {**unlimited, **(settings or {})})
        try:
            await pair.sandbox.start()
            await pair.gateway.start()
            async with (
                SandboxClient(pair.control_url) as sandbox,
                httpx.AsyncClient(base_url=pair.url, trust_env=False, timeout=60) as http,
            ):
                await sandbox.add_contact(NewContact(f"+{CONTACT}", "Ada"))
                here = Town(pair, sandbox, http, [])
                await here.grow(1)
                yield here
        finally:
            await pair.gateway.stop()
            await pair.sandbox.stop()


async def load(
    urls: str | Sequence[str], messages: Sequence[bytes], *, requests: int, connections: int = 64
) -> dict[str, Any]:
    """Run the load generator in a process of its own, which sends whole HTTP requests by turns; its figures.

    Of several addresses each has its share of the connections. Raises RuntimeError when an answer was no 200.
    """
    places = [urlsplit(url) for url in ([urls] if isinstance(urls, str) else urls)]
    order = {
        "places": [(place.hostname, place.port) for place in places],
        "connections": connections,
        "requests": requests,
        "messages": [base64.b64encode(message).decode() for message in messages],
    }
    child = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "bench.load"], stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await child.communicate(json.dumps(order).encode())
    figures: dict[str, Any] = json.loads(out)
    if set(figures["statuses"]) != {"200"}:
        raise RuntimeError(f"not every answer was 200: {figures['statuses']}")
    return figures
