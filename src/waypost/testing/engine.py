"""An engine without a network, for unit tests of those who use one: it connects, records sends, and fails as
told."""

import asyncio
import hashlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from waypost.clock import Clock
from waypost.engine.account import AccountAnswer, AccountOrder
from waypost.engine.groups import GroupAnswer, GroupOrder
from waypost.engine.names import as_known
from waypost.engine.port import (
    ChatState,
    EngineEvent,
    EventSink,
    Mark,
    MaybeSent,
    Network,
    NeverSent,
    Paired,
    PairingWatcher,
    QrCode,
    ReceiptArrived,
    Recipient,
    SendOrder,
    Sent,
    SessionState,
    Settlement,
    StateChanged,
    Unknowable,
    UploadedMedia,
    UploadKind,
)
from waypost.errors import (
    ALREADY_CONNECTED,
    LOGGED_OUT,
    MEDIA_GONE,
    NOT_CONNECTED,
    EngineError,
    Fault,
    OutcomeUnknown,
)
from waypost.testing.account import MemoryAccount
from waypost.testing.groups import MemoryGroups

ReceiptKind = Literal["delivered", "inactive", "read", "played", "sender", "retry"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A message that left the engine."""

    instance_id: str
    order: SendOrder
    message_id: str


@dataclass(slots=True)
class Script:
    """What goes wrong, and who is on the network.

    `faults` fail calls of that name (`check`, `upload`, `send`, `mark_read`, …) one by one; `lost_answers`
    sends get no answer although they left; while `released` is cleared, sends wait before they leave.
    `corrected` maps a number to the one to use.
    """

    faults: dict[str, deque[Fault]] = field(default_factory=dict)
    lost_answers: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)
    absent: set[str] = field(default_factory=set)
    corrected: dict[str, str] = field(default_factory=dict)

    def fail(self, call: str, fault: Fault, times: int = 1) -> None:
        """Let the next `times` calls of that name fail."""
        self.faults.setdefault(call, deque()).extend([fault] * times)

    def raise_for(self, call: str) -> None:
        """Raise what was scripted for this call."""
        waiting = self.faults.get(call)
        if waiting:
            raise EngineError(waiting.popleft())


@dataclass(slots=True)
class _Store:
    mark: Mark
    lid: str
    groups: MemoryGroups
    account: MemoryAccount = field(default_factory=MemoryAccount)
    rows: dict[bytes, str] = field(default_factory=dict)


class MemorySession:
    """Implements the port's Session over a MemoryEngine."""

    def __init__(self, instance_id: str, store: _Store, engine: "MemoryEngine") -> None:
        self._instance_id = instance_id
        self._store = store
        self._engine = engine

    @property
    def mark(self) -> Mark:
        """Device JID and generation of the store."""
        return self._store.mark

    async def check(self, numbers: Sequence[str]) -> list[Recipient]:
        """Everybody exists but those whom the script calls absent."""
        self._engine.script.raise_for("check")
        return [self._recipient(number) for number in numbers]

    async def upload(self, path: Path, kind: UploadKind) -> UploadedMedia:
        """Pretend to have encrypted the file; the hash of the plain file and its length are true."""
        self._engine.script.raise_for("upload")
        data = await asyncio.to_thread(path.read_bytes)
        digest = hashlib.sha256(data).digest()
        return UploadedMedia(
            url=f"https://mmg.example/{kind}/{digest.hex()}",
            direct_path=f"/{kind}/{digest.hex()}?v=1",
            media_key=hashlib.sha256(b"key" + digest).digest(),
            file_sha256=digest,
            file_enc_sha256=hashlib.sha256(b"enc" + digest).digest(),
            file_length=len(data),
            uploaded_at=int(self._engine.clock.now()),
        )

    async def send(self, order: SendOrder) -> Sent:
        """Record the message and answer, or do what the script says."""
        engine = self._engine
        await engine.script.released.wait()
        if engine.session(self._instance_id) is not self:
            raise EngineError(NOT_CONNECTED)
        engine.script.raise_for("send")
        message_id = f"3EB0{hashlib.sha256(order.secret).hexdigest()[:18].upper()}"
        self._store.rows[order.secret] = message_id
        engine.sent.append(Recorded(self._instance_id, order, message_id))
        if engine.script.lost_answers:
            engine.script.lost_answers -= 1
            raise OutcomeUnknown(message_id)
        forwarded = None if order.forwards is None else msgspec.json.decode(order.forwards)
        content = msgspec.json.encode(order.content if forwarded is None else forwarded)
        names = as_known(order.content if forwarded is None else forwarded)
        return Sent(message_id=message_id, timestamp=int(engine.clock.now()), content=content, names=names)

    async def account(self, order: AccountOrder) -> AccountAnswer:
        """Do it to the store's account."""
        self._tell("account", type(order).__name__)
        return self._store.account.carry_out(order)

    async def group(self, order: GroupOrder) -> GroupAnswer:
        """Do it in the groups that the store's account has."""
        self._tell("group", type(order).__name__)
        return self._store.groups.carry_out(order)

    async def mark_read(self, chat: str, sender: str, message_ids: Sequence[str]) -> None:
        """Record it."""
        self._tell("mark_read", chat, sender, *message_ids)

    async def download(self, content: bytes, path: Path) -> int:
        """Write what `files` of the engine has for that message."""
        self._engine.script.raise_for("download")
        if self._engine.session(self._instance_id) is not self:
            raise EngineError(NOT_CONNECTED)
        found = self._engine.files.get(content)
        if found is None:
            raise EngineError(MEDIA_GONE)
        return await asyncio.to_thread(path.write_bytes, found)

    async def reject_call(self, caller: str, call_id: str) -> None:
        """Record it."""
        self._tell("reject_call", caller, call_id)

    async def chat_presence(self, chat: str, state: ChatState) -> None:
        """Record it."""
        self._tell("chat_presence", chat, state)

    async def presence(self, available: bool) -> None:
        """Record it."""
        self._tell("presence", "available" if available else "unavailable")

    async def settle(self, secret: bytes, mark: Mark) -> Settlement:
        """By the rows of the store, if it is the one of `mark`."""
        if mark != self._store.mark:
            return Unknowable(reason="The session was paired anew since.")
        row = self._store.rows.get(secret)
        return NeverSent() if row is None else MaybeSent(message_id=row)

    def _tell(self, call: str, *words: str) -> None:
        if self._engine.session(self._instance_id) is not self:
            raise EngineError(NOT_CONNECTED)
        self._engine.script.raise_for(call)
        self._engine.told.append((self._instance_id, call, *words))

    def _recipient(self, asked: str) -> Recipient:
        if asked.endswith("@lid"):
            return Recipient(asked=asked, exists=True, jid=asked, lid=asked)
        digits = asked.lstrip("+").partition("@")[0]
        if digits in self._engine.script.absent:
            return Recipient(asked=asked, exists=False)
        number = self._engine.script.corrected.get(digits, digits)
        return Recipient(asked=asked, exists=True, jid=f"{number}@s.whatsapp.net", lid=lid_of(number))


class MemoryEngine:
    """Implements the port's Engine. `sent` are the messages that left, `told` what else did; `script` is what
    goes wrong, `files` what can be downloaded, by the message; `scan` plays the phone."""

    def __init__(self, sink: EventSink, watcher: PairingWatcher, clock: Clock) -> None:
        self.clock = clock
        self.sent: list[Recorded] = []
        self.told: list[tuple[str, ...]] = []
        self.files: dict[bytes, bytes] = {}
        self.script = Script()
        self.script.released.set()
        self._sink = sink
        self._watcher = watcher
        self._stores: dict[str, _Store] = {}
        self._open: set[str] = set()
        self._sessions: dict[str, MemorySession] = {}
        self._pairing: set[str] = set()
        self._pairings = 0

    async def pair(self, instance_id: str, network: Network, phone: str | None = None) -> None:
        """Show a code that `scan` understands."""
        del network
        if instance_id in self._open:
            raise EngineError(ALREADY_CONNECTED)
        self._pairing.add(instance_id)
        text = f"memory:{instance_id}" if phone is None else "ABCD-1234"
        code = QrCode(text=text, expires_at=self.clock.now() + 60, typed=phone is not None)
        await self._watcher.on_pairing(instance_id, code)

    async def scan(self, instance_id: str, phone: str) -> None:
        """A phone (digits) scans the code of the pairing that runs."""
        self._pairing.remove(instance_id)
        self._pairings += 1
        jid = f"{phone}:{self._pairings}@s.whatsapp.net"
        mark = Mark(device_jid=jid, generation=f"generation-{self._pairings}")
        self._stores[instance_id] = _Store(mark, lid_of(phone), MemoryGroups(lid_of(phone)))
        await self._watcher.on_pairing(instance_id, Paired(jid=jid, lid=lid_of(phone)))

    async def warm(self, network: Network) -> None:
        """Nothing takes long here."""

    async def stop_pairing(self, instance_id: str) -> None:
        """End a pairing."""
        self._pairing.discard(instance_id)

    async def open(self, instance_id: str, network: Network) -> None:
        """Connect at once."""
        del network
        if instance_id in self._open:
            return
        if instance_id not in self._stores:
            raise EngineError(LOGGED_OUT)
        self._open.add(instance_id)
        await self.change(instance_id, "starting")
        await self.change(instance_id, "connected")

    async def close(self, instance_id: str) -> None:
        """Disconnect."""
        if instance_id in self._open:
            self._open.remove(instance_id)
            await self.change(instance_id, "disconnected", "closed")

    async def logout(self, instance_id: str) -> None:
        """Disconnect and forget the store."""
        await self.close(instance_id)
        self._stores.pop(instance_id, None)

    def session(self, instance_id: str) -> MemorySession | None:
        """The session while it is connected."""
        return self._sessions.get(instance_id)

    async def change(self, instance_id: str, state: SessionState, reason: str = "") -> None:
        """Let the session come into a state, as if the server had said so."""
        self._sessions.pop(instance_id, None)
        store = self._stores.get(instance_id)
        if state == "connected" and store is not None:
            self._sessions[instance_id] = MemorySession(instance_id, store, self)
        if state in ("logged_out", "replaced", "outdated"):
            self._open.discard(instance_id)
        if state == "logged_out":
            self._stores.pop(instance_id, None)
        known = store if state == "connected" else None
        await self.tell(
            StateChanged(
                instance_id=instance_id,
                at=self.clock.now(),
                state=state,
                reason=reason,
                jid=known.mark.device_jid if known else None,
                lid=known.lid if known else None,
            )
        )

    async def receipt(self, instance_id: str, message_id: str, kind: ReceiptKind, chat: str) -> None:
        """Let a receipt arrive."""
        now = self.clock.now()
        await self.tell(
            ReceiptArrived(
                instance_id=instance_id,
                at=now,
                key=f"receipt:{kind}:{chat}:{message_id}",
                kind=kind,
                chat=chat,
                participant=chat,
                message_ids=[message_id],
                timestamp=int(now),
            )
        )

    async def tell(self, event: EngineEvent) -> None:
        """Let any event arrive."""
        await self._sink.deliver([event])


def lid_of(number: str) -> str:
    """The LID that this network gives a number (digits)."""
    return f"{int.from_bytes(hashlib.sha256(number.encode()).digest()[:6], 'big')}@lid"
