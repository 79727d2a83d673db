"""Several gateways as processes on one PostgreSQL, beside a sandbox: to join, to stop and to be killed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from waypost.errors import SandboxError
from waypost.sandbox.client import SandboxClient
from waypost.sandbox.views import NewContact
from waypost.testing.gateway_stage import BASE, PairedInstance, until
from waypost.testing.processes import Process, free_port, sandbox_and_gateway

_WITHIN_SECONDS = 30.0
_HOLDERS = """
SELECT l.instance_id, n.url FROM leases AS l INNER JOIN nodes AS n ON n.node_id = l.node_id
WHERE l.expires_at > now()
"""


def _is_engine(process: psutil.Process) -> bool:
    try:
        return any("waypost.engine.hosts" in word for word in process.cmdline())
    except psutil.Error:  # it has just ended
        return False


@dataclass
class NodeProcess:
    """One gateway process and the way to its API; started again it is another node on the same folder."""

    name: str
    process: Process
    http: httpx.AsyncClient

    def engines(self) -> list[psutil.Process]:
        """Its engine processes."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [one for one in children if _is_engine(one)]


@dataclass
class NodesStage:
    """A sandbox, a database, and as many nodes as a test starts."""

    sandbox: Process
    control: SandboxClient
    database_url: str
    admin: dict[str, str]
    _folder: Path
    _control_url: str
    _stack: contextlib.AsyncExitStack
    _admin_token: str
    _program: str = "waypost.testing.tied"
    _settings: Callable[[str], Mapping[str, str]] = lambda _: {}
    nodes: dict[str, NodeProcess] = field(default_factory=dict)
    paired: list[PairedInstance] = field(default_factory=list)

    async def running(self, *names: str) -> list[NodeProcess]:
        """Have exactly these nodes run; those that do not are started, others are stopped."""
        for name, node in self.nodes.items():
            if name not in names:
                await node.process.stop()
        async with asyncio.TaskGroup() as tasks:
            for name in names:
                if name not in self.nodes or not self.nodes[name].process.runs:
                    tasks.create_task(self.start(name))
        return [self.nodes[name] for name in names]

    async def start(self, name: str) -> NodeProcess:
        """Start a node; returns once it answers."""
        port = free_port()
        data = self._folder / name
        data.mkdir(exist_ok=True)
        url = f"http://127.0.0.1:{port}"
        environment = {
            "WAYPOST_DATA": str(data),
            "WAYPOST_PORT": str(port),
            "WAYPOST_NETWORK": "sandbox",
            "WAYPOST_SANDBOX_URL": self._control_url,
            "WAYPOST_ADMIN_TOKEN": self._admin_token,
            "WAYPOST_DATABASE_URL": self.database_url,
            "WAYPOST_LIMIT_CREATE_INSTANCE": "0",
            "WAYPOST_LIMIT_QR_CODE": "0",
            "WAYPOST_VOICE_WORKERS": "1",
            # Uploads are large ones: they must reach a holder that did not receive them.
            "WAYPOST_INLINE_MAX_BYTES": "1000",
            "WAYPOST_WEBHOOK_ALLOW": "127.0.0.1",
            "WAYPOST_LOG_LEVEL": "info",
            **self._settings(name),
        }
        log = self._folder / f"{name}.log"
        process = Process(f"node {name}", ["serve"], f"{url}/readyz", log, environment, self._program)
        http = httpx.AsyncClient(base_url=url, trust_env=False, timeout=50)
        await self._stack.enter_async_context(http)
        self._stack.push_async_callback(process.stop)
        node = self.nodes[name] = NodeProcess(name, process, http)
        await process.start()
        return node

    async def create(self, node: NodeProcess, name: str, phone: str) -> dict[str, Any]:
        """Create an instance at a node; the answer of the API."""
        body = {"name": name, "phone": f"+{phone}"}
        answer = await node.http.post(f"{BASE}/create-instance", headers=self.admin, json=body)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    async def pair(self, node: NodeProcess, name: str, phone: str) -> PairedInstance:
        """Create an instance at a node, scan its code, wait until it works."""
        made = await self.create(node, name, phone)
        await self.control.add_phone(f"+{phone}")
        instance = PairedInstance(id=made["id"], token=made["access_token"], phone=phone)
        code, scanned = made["qr_text"], set[str]()

        async def health() -> dict[str, Any]:
            nonlocal code
            if code and code not in scanned:
                scanned.add(code)
                with contextlib.suppress(SandboxError):
                    await self.control.scan(f"+{phone}", code)
            # Who changes hands before it is paired shows another code.
            shown = await node.http.get(f"{instance.base}/qr-code", headers=instance.headers)
            code = shown.json().get("qr_text") if shown.is_success else None
            found: dict[str, Any] = (
                await node.http.get(f"{instance.base}/health", headers=instance.headers)
            ).json()
            return found

        await until(health, lambda found: found.get("status") == "WORKING", _WITHIN_SECONDS)
        return instance

    async def status(self, node: NodeProcess, instance: PairedInstance, wanted: str) -> dict[str, Any]:
        """Wait until the node shows the instance in that status; its health then."""

        async def health() -> dict[str, Any]:
            answer = await node.http.get(f"{instance.base}/health", headers=instance.headers)
            found: dict[str, Any] = answer.json()
            return found

        found: dict[str, Any] = await until(
            health, lambda found: found.get("status") == wanted, _WITHIN_SECONDS
        )
        return found

    def holders(self) -> dict[str, str]:
        """The name of the node that holds each instance, as the database has it."""
        names = {str(node.http.base_url).rstrip("/"): name for name, node in self.nodes.items()}
        with psycopg.connect(self.database_url) as connection:
            rows = connection.execute(_HOLDERS).fetchall()
        return {str(instance_id): names.get(str(url), str(url)) for instance_id, url in rows}

    async def held(self, reached: Callable[[dict[str, str]], bool], within: float = 20.0) -> dict[str, str]:
        """Wait until `reached` is true of who holds what."""

        async def look() -> dict[str, str]:
            return await asyncio.to_thread(self.holders)

        found: dict[str, str] = await until(look, reached, within)
        return found

    async def send(self, node: NodeProcess, instance: PairedInstance, contact: str, text: str) -> str:
        """Have a text sent, posted at that node; the request's uuid."""
        body = {"chatId": f"{contact}@c.us", "text": text}
        answer = await node.http.post(f"{instance.base}/send-text", headers=instance.headers, json=body)
        assert answer.status_code == 200, answer.text
        uuid: str = answer.json()["queued_request_uuid"]
        return uuid

    async def request(self, node: NodeProcess, instance: PairedInstance, uuid: str) -> dict[str, Any]:
        """The request once it is finished, waited for at that node."""
        headers = {**instance.headers, "Prefer": "wait=40"}
        answer = await node.http.get(f"{instance.base}/queued-requests/{uuid}", headers=headers)
        found: dict[str, Any] = answer.json()
        return found

    async def texts(self, contact: str, count: int, within: float = 40.0) -> list[str | None]:
        """What the contact has got, once that is as many messages as `count`."""

        async def look() -> list[str | None]:
            return [one.text for one in (await self.control.inbox(f"+{contact}")).messages]

        found: list[str | None] = await until(look, lambda texts: len(texts) >= count, within)
        return found

    def logs(self) -> str:
        """The end of every node's log."""
        return "\n".join(f"--- {name}\n{node.process.tail(40)}" for name, node in self.nodes.items())


@contextlib.asynccontextmanager
async def nodes_stage(
    folder: Path,
    database_url: str,
    contacts: list[str],
    program: str = "waypost.testing.tied",
    settings: Callable[[str], Mapping[str, str]] = lambda _: {},
) -> AsyncIterator[NodesStage]:
    """A sandbox with `contacts` (digits) that acknowledge at once, and no node yet.

    `settings` are further environment variables of the node of that name, `program` is what runs it.
    """
    pair = sandbox_and_gateway(folder)
    await pair.sandbox.start()
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(pair.sandbox.stop)
        control = await stack.enter_async_context(SandboxClient(pair.control_url))
        for contact in contacts:
            await control.add_contact(NewContact(f"+{contact}", delivered_after=0.0, read_after=0.05))
        admin = {"Authorization": f"Bearer {pair.admin_token}", "Accept": "application/json"}
        yield NodesStage(
            pair.sandbox,
            control,
            database_url,
            admin,
            folder,
            pair.control_url,
            stack,
            pair.admin_token,
            program,
            settings,
        )
