"""Phones that speak WhatsApp by engines of their own: what arrives there is decrypted by others' code.

An engine is a program that `Driven` drives; all of them know the same calls (text, voice, file, vote, group,
about, read, played, forget_sessions, close) and tell the same events (qr, connected, disconnected, message,
receipt, undecryptable, doing, group, members).
"""

import contextlib
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from waypost.sandbox.client import SandboxClient
from waypost.sandbox.views import NetworkView
from waypost.testing.baileys.install import DRIVER, Baileys
from waypost.testing.driven import Driven, driving

_PAIR_WITHIN_S: Final = 40.0
_PASSED_ON: Final = ("PATH", "HOME", "LANG", "TMPDIR", "BAILEYS_LOG")
"""Of the caller's environment: a proxy or a CA that is set there has no say."""


class Received(msgspec.Struct, frozen=True):
    """A message as an engine decrypted it; `path` is the file that it downloaded and decrypted."""

    id: str
    sender: str = msgspec.field(name="from")
    sender_other: str = msgspec.field(name="from_other", default="")
    """The same sender in the other family: phone number for a LID."""
    from_me: bool = False
    kind: str = ""
    text: str = ""
    quoted_id: str = ""
    quoted_from: str = ""
    quoted_kind: str = ""
    quoted_text: str = ""
    mimetype: str = ""
    seconds: int = 0
    ptt: bool = False
    waveform: bytes = b""
    sha256: bytes = b""
    stated_sha256: bytes = b""
    size: int = 0
    path: str = ""
    media_error: str = ""
    content: dict[str, Any] = {}
    """What the message holds, by the names that the engine's own protobuf code gives; bytes are base64."""


class GroupSeen(msgspec.Struct, frozen=True):
    """A group; `members` maps JIDs to their roles: admin, superadmin or nothing."""

    subject: str
    description: str
    announce: bool
    locked: bool
    members: dict[str, str]

    def role(self, phone: "Phone") -> str | None:
        """That phone's role; None when it is no member."""
        names = (f"{phone.lid}@lid", f"{phone.number}@s.whatsapp.net")
        return next((self.members[name] for name in names if name in self.members), None)


@dataclass(frozen=True, slots=True)
class Engine:
    """How to run an engine: `command(state, network)` gives command line and additions to the environment."""

    name: str
    version: str
    command: Callable[[Path, NetworkView], tuple[tuple[str, ...], Mapping[str, str]]]


@dataclass(frozen=True, slots=True)
class Phone:
    """A companion that is linked to the sandbox phone `number` (digits) and played by an engine."""

    number: str
    lid: str
    engine: str
    driven: Driven

    async def message(self, id: str, within: float = 20.0) -> Received:
        """The message of that id once it was decrypted, and its file downloaded. Raises DrivenFailed."""
        return msgspec.convert(await self.driven.event("message", within, id=id), Received, strict=False)

    async def receipt(self, id: str, status: str, within: float = 20.0) -> None:
        """Wait until a message that was sent here is delivered, read or played. Raises DrivenFailed."""
        await self.driven.event("receipt", within, id=id, status=status)

    async def send_text(self, to: str, text: str, quoted: str | None = None) -> str:
        """Send a text to a JID, quoting a message that was received here; its id."""
        return str((await self.driven.call("text", to=to, text=text, quoted=quoted))["id"])

    async def send_voice(self, to: str, file: Path, seconds: int, waveform: str) -> str:
        """Send a voice note to a JID; `waveform` is base64 of 64 bytes. Gives its id."""
        sent = await self.driven.call("voice", to=to, path=str(file), seconds=seconds, waveform=waveform)
        return str(sent["id"])

    async def send_file(self, to: str, kind: str, file: Path, mimetype: str, caption: str) -> str:
        """Send an `image` or a `document` to a JID. Gives its id."""
        sent = await self.driven.call(
            "file", to=to, kind=kind, path=str(file), mimetype=mimetype, caption=caption
        )
        return str(sent["id"])

    async def create_group(self, subject: str, members: Sequence[str]) -> str:
        """Create a group with `members` (JIDs); its JID."""
        return str((await self.driven.call("group", subject=subject, members=list(members)))["id"])

    async def send(self, to: str, content: dict[str, Any]) -> str:
        """Send what Baileys' `sendMessage` takes to a JID; its id."""
        sent = await self.driven.call("ask", method="sendMessage", args=[to, content])
        return str(sent["key"]["id"])

    async def vote(self, to: str, poll_id: str, options: list[str]) -> str:
        """Vote on a poll that was received here. Gives the vote's id."""
        return str((await self.driven.call("vote", to=to, id=poll_id, options=options))["id"])

    async def group(self, jid: str) -> GroupSeen:
        """A group as the network tells this phone of it. Raises DrivenFailed for one that it is not in."""
        return msgspec.convert(await self.driven.call("about", group=jid), GroupSeen)

    async def read(self, id: str) -> None:
        """Tell the sender that a received message was read."""
        await self.driven.call("read", id=id)

    async def played(self, id: str) -> None:
        """Tell the sender that a received voice note was played."""
        await self.driven.call("played", id=id)

    async def forget_sessions(self) -> list[str]:
        """Wipe the ratchets: what arrives next can't be decrypted at first. Gives the wiped sessions."""
        wiped: list[str] = (await self.driven.call("forget_sessions"))["sessions"]
        return wiped


def baileys_engine(installed: Baileys) -> Engine:
    """Baileys as an engine of phones."""

    def command(state: Path, network: NetworkView) -> tuple[tuple[str, ...], Mapping[str, str]]:
        authority = state / "ca.pem"
        authority.write_text(network.ca_pem)
        arguments = (str(DRIVER), str(installed.modules), str(state), network.web_socket_url)
        return (*installed.node.node, *arguments), {"NODE_EXTRA_CA_CERTS": str(authority)}

    return Engine("baileys", installed.version, command)


@contextlib.asynccontextmanager
async def running_phone(
    engine: Engine, sandbox: SandboxClient, number: str, name: str, folder: Path
) -> AsyncIterator[Phone]:
    """Run a phone while the context lasts: linked by a scan the first time, back by its own keys later."""
    network = await sandbox.network()
    state = folder / f"{engine.name}-{number}"
    state.mkdir(parents=True, exist_ok=True)
    view = await sandbox.add_phone(f"+{number}", name)
    command, variables = engine.command(state, network)
    known: Mapping[str, Any] = {key: os.environ[key] for key in _PASSED_ON if key in os.environ}
    async with driving(engine.name, command, {**known, **variables}, state / "engine.log") as driven:
        if not view.devices:
            code = await driven.event("qr", _PAIR_WITHIN_S)
            await sandbox.scan(f"+{number}", code["text"])
        await driven.event("connected", _PAIR_WITHIN_S)
        yield Phone(number, view.lid, engine.name, driven)
