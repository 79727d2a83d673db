"""A plain Baileys script to compare with: all its sessions in one Node process, which is its best case."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.machine import pss_mb
from waypost.sandbox.client import SandboxClient
from waypost.testing.baileys.install import install
from waypost.testing.driven import Driven, driving

CACHE = Path(__file__).parent.parent / ".interop" / "baileys"
_SCRIPT = Path(__file__).with_name("baileys.mjs")
_PAIR_WITHIN_S = 120.0
_PAIRED_AT_ONCE = 8
_SEND_WITHIN_S = 300.0
_NOTE_SECONDS = 3
_WAVEFORM = "AAoUHigyPEZQWlpQRjwyKB4UCgAAChQeKDI8RlBaWlBGPDIoHhQKAAAKFB4oMjxGUFpaUEY8MigeFAoAABQoPA=="


@dataclass(frozen=True)
class Plain:
    """The running script and the numbers that it is paired with."""

    version: str
    pid: int
    _driven: Driven
    _sandbox: SandboxClient
    numbers: list[str] = field(default_factory=list)

    async def grow(self, count: int) -> float:
        """Pair more sessions until there are `count`; the seconds that it took."""
        places, began = asyncio.Semaphore(_PAIRED_AT_ONCE), time.perf_counter()

        async def one(index: int) -> str:
            number = f"44770095{index:04}"
            async with places:
                await self._sandbox.add_phone(f"+{number}", f"Plain {index}")
                await self._driven.call("open", number=number)
                code = await self._driven.event("qr", _PAIR_WITHIN_S, number=number)
                await self._sandbox.scan(f"+{number}", code["text"])
                await self._driven.event("connected", _PAIR_WITHIN_S, number=number)
            return number

        self.numbers.extend(await asyncio.gather(*(one(index) for index in range(len(self.numbers), count))))
        return time.perf_counter() - began

    def pss_mb(self) -> float:
        """What the process holds."""
        return pss_mb(self.pid)

    async def send(self, contact: str) -> None:
        """Send the note through the first session."""
        sound = {"seconds": _NOTE_SECONDS, "waveform": _WAVEFORM}
        await self._driven.call("send", number=self.numbers[0], to=_jid(contact), **sound)

    async def burst(self, contacts: Sequence[str], count: int, together: int) -> None:
        """Send `count` notes through the first session, `together` at the same time; returns when all are
        out."""
        await self._driven.call(
            "burst",
            number=self.numbers[0],
            to=[_jid(contact) for contact in contacts],
            count=count,
            together=together,
            seconds=_NOTE_SECONDS,
            waveform=_WAVEFORM,
        )
        await self._driven.event("sent", _SEND_WITHIN_S)


def _jid(contact: str) -> str:
    return f"{contact}@s.whatsapp.net"


@asynccontextmanager
async def plain(sandbox: SandboxClient, folder: Path, note: bytes) -> AsyncIterator[Plain]:
    """Run the script while the context lasts. Raises BaileysMissing."""
    installed = await install(CACHE)
    network = await sandbox.network()
    authority, path, state = folder / "ca.pem", folder / "note.ogg", folder / "plain"
    authority.write_text(network.ca_pem)
    path.write_bytes(note)
    words = (str(_SCRIPT), str(installed.modules), str(state), network.web_socket_url, str(path))
    environment = {"PATH": os.environ.get("PATH", ""), "NODE_EXTRA_CA_CERTS": str(authority)}
    command = (*installed.node.node, *words)
    async with driving("plain", command, environment, folder / "plain.log") as driven:
        pid = (await driven.event("ready"))["pid"]
        version = f"Baileys {installed.version} on Node {installed.node.version}"
        yield Plain(version, pid, driven, sandbox)
