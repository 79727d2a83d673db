"""A gateway and a sandbox as processes, for what must survive kill -9."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import pytest_asyncio
from tests.network.gateway.told import Journal

from waypost.sandbox.client import SandboxClient
from waypost.sandbox.views import NewContact
from waypost.testing.gateway_stage import BASE, CONTACT, PHONE, until
from waypost.testing.processes import Pair, sandbox_and_gateway

_ENGINE = "waypost.engine.hosts"


@dataclass(frozen=True, slots=True)
class Town:
    """One paired instance, and a contact whose receipts come at once."""

    pair: Pair
    control: SandboxClient
    instance_id: str
    token: str
    journal: Journal

    async def call(self, method: str, path: str, **what: Any) -> Any:
        """The body of a call's answer, of the instance."""
        headers = {"Authorization": f"Bearer {self.token}", **what.pop("headers", {})}
        async with httpx.AsyncClient(base_url=self.pair.url, trust_env=False, timeout=30) as http:
            answer = await http.request(method, f"{BASE}/{self.instance_id}/{path}", headers=headers, **what)
        answer.raise_for_status()
        return answer.json()

    async def working(self) -> None:
        """Wait until the instance is connected."""
        await until(lambda: self.call("GET", "health"), lambda found: found["status"] == "WORKING")

    async def kill_gateway(self) -> None:
        """kill -9, and start it again."""
        await self.pair.gateway.kill()
        await self.pair.gateway.start()

    async def kill_engine(self) -> None:
        """kill -9 of every process that holds sessions."""
        for child in await asyncio.to_thread(psutil.Process(self.pair.gateway.pid).children, recursive=True):
            if any(_ENGINE in word for word in child.cmdline()):
                child.kill()


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    folder: Path = tmp_path_factory.mktemp("killed")
    pair = sandbox_and_gateway(folder, {"WAYPOST_LIMIT_CREATE_INSTANCE": "0"})
    await pair.sandbox.start()
    await pair.gateway.start()
    try:
        async with SandboxClient(pair.control_url) as control:
            # The first receipt may be lost with the engine process that has just taken it; a second comes.
            await control.add_contact(NewContact(f"+{CONTACT}", "Ada", delivered_after=0.0, read_after=2.0))
            await control.add_phone(f"+{PHONE}")
            async with httpx.AsyncClient(base_url=pair.url, trust_env=False, timeout=30) as http:
                admin = {"Authorization": f"Bearer {pair.admin_token}"}
                body = {"name": "killed", "phone": f"+{PHONE}"}
                made = (await http.post(f"{BASE}/create-instance", headers=admin, json=body)).json()
            await control.scan(f"+{PHONE}", made["qr_text"])
            here = Town(pair, control, made["id"], made["access_token"], Journal(folder, made["id"]))
            await here.working()
            yield here
    finally:
        await pair.gateway.stop()
        await pair.sandbox.stop()
