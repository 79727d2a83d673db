"""Sets the stage: a sandbox and a gateway on free ports, an instance, and a phone that scans its QR code."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from waypost.cli.demo.calls import Gateway, until
from waypost.cli.demo.recipients import BaileysPhone, Contact, Recipient
from waypost.cli.demo.screen import Screen
from waypost.sandbox.client import SandboxClient
from waypost.sandbox.views import NewContact
from waypost.testing.baileys.install import install
from waypost.testing.phones import baileys_engine, running_phone
from waypost.testing.processes import Pair, sandbox_and_gateway

# Numbers that no subscriber has (the range that the British regulator keeps for fiction).
OWN_PHONE = "447700900001"
CONTACT_PHONE = "447700900002"
# Where `make interop` keeps it too.
_BAILEYS = Path(".interop") / "baileys"
_DELIVERED_S, _READ_S, _PLAYED_S = 0.1, 0.4, 0.8


@asynccontextmanager
async def running(
    screen: Screen, folder: Path, fetch_allow: str
) -> AsyncIterator[tuple[Pair, Gateway, SandboxClient]]:
    """Start both programs and stop them at the end; `fetch_allow` is the address of the demo's own files."""
    pair = sandbox_and_gateway(folder, {"WAYPOST_FETCH_ALLOW": fetch_allow})
    try:
        with screen.step("start the sandbox network"):
            await pair.sandbox.start()
            screen.line(f"control API {pair.control_url}")
        with screen.step("start the gateway"):
            await pair.gateway.start()
            screen.line(f"HTTP API {pair.url}")
        async with (
            httpx.AsyncClient(base_url=pair.url, trust_env=False, timeout=30) as http,
            SandboxClient(pair.control_url) as sandbox,
        ):
            yield pair, Gateway(http, pair.admin_token), sandbox
    finally:
        await pair.gateway.stop()
        await pair.sandbox.stop()


async def create_and_pair(screen: Screen, gateway: Gateway, sandbox: SandboxClient) -> None:
    """Create the instance over the API and scan its QR code with a sandbox phone until it is WORKING."""
    with screen.step("create an instance"):
        created = await gateway.create_instance("demo", f"+{OWN_PHONE}")
        screen.document(
            "instance", {**created, "qr_code": created["qr_code"][:24] + "…", "access_token": "…"}
        )
    with screen.step("scan its QR code with a sandbox phone"):
        await sandbox.add_phone(f"+{OWN_PHONE}", "Demo shop")
        await sandbox.scan(f"+{OWN_PHONE}", created["qr_text"])
        await _working(gateway)


@asynccontextmanager
async def recipient(
    screen: Screen, sandbox: SandboxClient, kind: str, folder: Path
) -> AsyncIterator[Recipient]:
    """Who hears the notes: `contact`, or `baileys`, which is installed first where it is not there yet."""
    if kind == "contact":
        with screen.step("add a contact that plays what it gets"):
            await sandbox.add_contact(
                NewContact(
                    f"+{CONTACT_PHONE}",
                    "Ada",
                    delivered_after=_DELIVERED_S,
                    read_after=_READ_S,
                    played_after=_PLAYED_S,
                )
            )
        yield Contact(CONTACT_PHONE, sandbox)
        return
    async with AsyncExitStack() as stack:
        with screen.step("pair a phone that runs Baileys"):
            installed = await install(_BAILEYS)
            screen.line(f"Baileys {installed.version}, Node {installed.node.version}")
            phone = await stack.enter_async_context(
                running_phone(baileys_engine(installed), sandbox, CONTACT_PHONE, "Bea", folder)
            )
        yield BaileysPhone(phone)


async def _working(gateway: Gateway) -> None:
    state: dict[str, Any] = {}

    async def look() -> bool:
        state.update(await gateway.health())
        return bool(state["status"] == "WORKING")

    await until(look, 30, lambda: f"the instance is {state.get('status')} ({state.get('reason')})")
