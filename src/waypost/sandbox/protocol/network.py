"""What all connections of one network share."""

import asyncio
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from waypost.clock import Clock
from waypost.sandbox.failures import Failures
from waypost.sandbox.media.files import MediaFiles
from waypost.sandbox.protocol.link import Link
from waypost.sandbox.protocol.presences import Presences
from waypost.sandbox.settings import SandboxSettings
from waypost.sandbox.state.secrets import Secrets
from waypost.sandbox.state.store import Store
from waypost.sandbox.wire.curve import Randomness
from waypost.sandbox.wire.node import Node
from waypost.sandbox.wire.proto.handshake_pb2 import ClientPayload
from waypost.telemetry import Log

_LOG_LINES: Final = 2000
_LINE: Final = 1000
"""Characters kept of a line: an upload of keys has thousands."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log: which device, which way (in, out, note), what (a stanza without its content)."""

    at: float
    device: str
    way: str
    what: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A device that shows a QR code: `refs` are the six that it was given."""

    link: Link
    refs: tuple[bytes, ...]
    pairing: ClientPayload.DevicePairingData
    offered_at: float


@dataclass(frozen=True, slots=True)
class Finish:
    """What a companion answers to the phone that typed its code: its keys, sealed for the phone."""

    bundle: bytes
    identity: bytes


@dataclass(frozen=True, slots=True)
class Hello:
    """A device that shows a code for `number`; `wrapped` is its ephemeral key under that code."""

    link: Link
    number: str
    wrapped: bytes
    offered_at: float
    finish: asyncio.Future[Finish] = field(repr=False)


@dataclass(slots=True)
class Network:
    """The emulated network: state, live connections and injected failures."""

    settings: SandboxSettings
    clock: Clock
    randomness: Randomness
    store: Store
    secrets: Secrets
    chain: bytes = field(repr=False)
    media: MediaFiles
    failures: Failures
    media_host: str
    log: Log
    online: dict[tuple[str, int], Link] = field(default_factory=dict)
    links: set[Link] = field(default_factory=set)
    offers: dict[bytes, Offer] = field(default_factory=dict)
    codes: dict[bytes, Hello] = field(default_factory=dict)
    presences: Presences = field(default_factory=Presences)
    parties: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when something waits for a device 0, which the sandbox plays."""
    inbox: asyncio.Condition = field(default_factory=asyncio.Condition)
    """Notified when a contact's inbox grew, and when the sandbox stops."""
    stopping: bool = False
    """Nobody shall wait for messages any more."""
    counts: Counter[str] = field(default_factory=Counter)
    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=_LOG_LINES))

    def wake(self, devices: Iterable[tuple[str, int]]) -> None:
        """Tell the connections of these devices (and the parties, for device 0) to look into their queues."""
        for number, device in devices:
            if device == 0:
                self.parties.set()
            elif (link := self.online.get((number, device))) is not None:
                link.wake.set()

    def note(self, link: Link | None, way: str, what: str) -> None:
        """Add a line to the log that the control API shows."""
        owner = link.owner if link is not None else None
        device = f"{owner.number}:{owner.device}" if owner is not None else "-"
        self.lines.append(Line(self.clock.now(), device, way, what[:_LINE]))

    def unknown(self, link: Link, request: Node) -> None:
        """Count and log a request that the sandbox has no answer for."""
        self.counts["unknown_requests"] += 1
        self.note(link, "note", f"unknown request {request!r}")
        self.log.warning("sandbox.unknown_request", xmlns=request.attr("xmlns"), type=request.attr("type"))

    def request_id(self) -> str:
        """An id for a stanza of the server's own."""
        return self.randomness(8).hex()
