"""A gateway beside a sandbox, in one process, for tests: the composition of production, on free ports."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec

from waypost.client import AsyncWaypost
from waypost.client.async_instance import AsyncInstance
from waypost.config import Settings
from waypost.gateway import Gateway, start_gateway
from waypost.operations import WRITES
from waypost.operations.kind import AnyWrite
from waypost.sandbox.client import SandboxClient
from waypost.sandbox.server import Sandbox, start_sandbox
from waypost.sandbox.settings import SandboxSettings
from waypost.sandbox.views import Inbox, NewContact
from waypost.telemetry import make_log

BASE = "/api/whatsapp/v2"
# Numbers that no subscriber has (the range that the British regulator keeps for fiction).
PHONE = "447700900101"
CONTACT = "447700900102"
_WITHIN_SECONDS = 20.0
_LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class PairedInstance:
    """An instance that is WORKING, and the token that may use it."""

    id: str
    token: str
    phone: str

    @property
    def headers(self) -> dict[str, str]:
        """What every call carries."""
        return {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}

    @property
    def base(self) -> str:
        """The path of the instance."""
        return f"{BASE}/{self.id}"


@dataclass(frozen=True, slots=True)
class Stage:
    """What a test plays on. `http` has no token: each call brings its own headers."""

    gateway: Gateway
    sandbox: Sandbox
    control: SandboxClient
    http: httpx.AsyncClient
    admin: dict[str, str]
    instance: PairedInstance

    @property
    def client(self) -> AsyncInstance:
        """The Python client of the instance, for tests that don't judge the HTTP of it."""
        token = self.instance.token
        return AsyncWaypost(self.gateway.url, token, self.http).instance(self.instance.id)

    async def create(self, name: str, phone: str) -> dict[str, Any]:
        """Create an instance on the sandbox; the answer of the API."""
        body = {"name": name, "phone": f"+{phone}"}
        answer = await self.http.post(f"{BASE}/create-instance", headers=self.admin, json=body)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    async def pair(self, name: str, phone: str) -> PairedInstance:
        """Create an instance, scan its code with a phone of that number, wait until it works."""
        made = await self.create(name, phone)
        await self.control.add_phone(f"+{phone}")
        await self.control.scan(f"+{phone}", made["qr_text"])
        instance = PairedInstance(id=made["id"], token=made["access_token"], phone=phone)
        await self.status(instance, "WORKING")
        return instance

    async def status(self, instance: PairedInstance, wanted: str) -> dict[str, Any]:
        """Wait until the instance has that status; its health then."""

        async def health() -> dict[str, Any]:
            found: dict[str, Any] = (
                await self.http.get(f"{instance.base}/health", headers=instance.headers)
            ).json()
            return found

        found: dict[str, Any] = await until(health, lambda found: found["status"] == wanted)
        return found

    async def send_voice(
        self,
        upload: bytes | None = None,
        /,
        *,
        instance: PairedInstance | None = None,
        headers: dict[str, str] | None = None,
        **fields: Any,
    ) -> httpx.Response:
        """send-voice: multipart with `upload`, else JSON; to the contact unless `chatId` says otherwise."""
        who = instance or self.instance
        fields = {"chatId": f"{CONTACT}@c.us", **fields}
        path, sent = f"{who.base}/send-voice", {**who.headers, **(headers or {})}
        if upload is None:
            return await self.http.post(path, headers=sent, json=fields)
        return await self.http.post(path, headers=sent, data=fields, files={"file": ("voice.mp3", upload)})

    async def inbox(self, contact: str = CONTACT) -> Inbox:
        """All that a contact (digits) has got; the sandbox gives it page by page."""
        found = page = await self.control.inbox(f"+{contact}")
        while page.messages:
            page = await self.control.inbox(f"+{contact}", page.last)
            found = Inbox(messages=[*found.messages, *page.messages], last=page.last)
        return found

    async def finished(
        self, answer: httpx.Response, instance: PairedInstance | None = None
    ) -> dict[str, Any]:
        """The queued request of a call's answer, once it has left the queue."""
        answer.raise_for_status()
        headers = {**(instance or self.instance).headers, "Prefer": "wait=20"}
        found: dict[str, Any] = (
            await self.http.get(answer.json()["queued_request_link"], headers=headers)
        ).json()
        return found


async def until(
    look: Callable[[], Any], reached: Callable[[Any], bool], within: float = _WITHIN_SECONDS
) -> Any:
    """Look again and again until `reached` is true of what was seen. TimeoutError says what was seen."""
    seen: Any = None
    try:
        async with asyncio.timeout(within):
            while not reached(seen := await look()):
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError:
        raise TimeoutError(f"not within {within} s; last: {seen}") from None
    return seen


def settings_for(folder: Path, sandbox: Sandbox, **changes: Any) -> Settings:
    """A gateway's settings beside `sandbox`, in `folder`; no request limits unless `changes` has some."""
    settings = Settings(
        data=folder / "gateway",
        port=0,
        network="sandbox",
        sandbox_url=sandbox.control_url,
        limit_create_instance=0,
        limit_qr_code=0,
        limit_restart=0,
        log_level="error",
        drain_seconds=2.0,
    )
    return msgspec.structs.replace(settings, **changes)


@contextlib.asynccontextmanager
async def gateway_stage(
    folder: Path, writes: Sequence[AnyWrite] = WRITES, **changes: Any
) -> AsyncIterator[Stage]:
    """Run a sandbox and a gateway with one paired instance and a contact; `writes` are the operations of the
    gateway, `changes` further settings."""
    async with contextlib.AsyncExitStack() as stack:
        log = make_log(changes.get("log_level", "error"), "text")
        sandbox = await stack.enter_async_context(
            start_sandbox(SandboxSettings(data=folder / "sandbox"), log=log)
        )
        control = await stack.enter_async_context(SandboxClient(sandbox.control_url))
        settings = settings_for(folder, sandbox, **changes)
        log = make_log(settings.log_level, settings.log_format)
        gateway = await stack.enter_async_context(start_gateway(settings, log=log, writes=writes))
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=gateway.url, trust_env=False, timeout=40)
        )
        admin = {"Authorization": f"Bearer {gateway.new_admin_token}", "Accept": "application/json"}
        bare = PairedInstance(id="", token="", phone="")
        empty = Stage(
            gateway=gateway, sandbox=sandbox, control=control, http=http, admin=admin, instance=bare
        )
        await control.add_contact(
            NewContact(f"+{CONTACT}", "Ada", delivered_after=0.0, read_after=0.05, played_after=0.1)
        )
        instance = await empty.pair("stage", PHONE)
        yield Stage(
            gateway=gateway, sandbox=sandbox, control=control, http=http, admin=admin, instance=instance
        )
