"""The sessions of the instances: opened, paired, watched.

Everything that takes time runs in one task per instance; a new order (restart, a new QR code, logout) takes
the place of the running one. What an instance is right now is its `Condition`, kept in memory alone: after a
restart of the gateway it is found out anew.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec

from waypost.address import Jid
from waypost.clock import Clock
from waypost.engine.port import Engine, Network, Paired, PairingEvent, PairingFailed, QrCode, StateChanged
from waypost.errors import PAIRING_FAILED, SANDBOX_UNREACHABLE, EngineError
from waypost.instances.instance import Account, Condition, Instance
from waypost.instances.networks import Networks
from waypost.instances.pairing import same_number
from waypost.instances.state import InstanceState
from waypost.instances.store import InstanceStore
from waypost.telemetry import Log

# Between two tries to reach the sandbox's control API, which a developer may start after the gateway.
SANDBOX_RETRY_SECONDS = 1.0

_WRONG_NUMBER = "wrong_number"
_LOGGED_OUT_HERE = "logged_out_here"

_BY_ENGINE_STATE: dict[str, tuple[InstanceState, str]] = {
    "starting": (InstanceState.STARTING, "connecting"),
    "connected": (InstanceState.WORKING, ""),
    "disconnected": (InstanceState.STARTING, "connection_lost"),
    "logged_out": (InstanceState.FAILED, "logged_out"),
    "replaced": (InstanceState.FAILED, "replaced"),
    "banned": (InstanceState.FAILED, "banned"),
    "outdated": (InstanceState.FAILED, "outdated"),
    "failed": (InstanceState.FAILED, "engine_failed"),
}


class Sessions:
    """Keeps the session of every paired instance open, and pairs those that are not."""

    def __init__(
        self,
        store: InstanceStore,
        engine: Callable[[], Engine],
        networks: Networks,
        clock: Clock,
        log: Log,
        changed: Callable[[str], None],
    ) -> None:
        """`engine` is asked for when first needed, since the engine in turn reports here; `changed` is told
        the id of an instance whose condition is another one.
        """
        self._store = store
        self._engine = engine
        self._networks = networks
        self._clock = clock
        self._log = log
        self._changed = changed
        self._instances: dict[str, Instance] = {}
        self._conditions: dict[str, Condition] = {}
        self._codes: dict[str, QrCode] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._news = asyncio.Event()

    # --- what is known -------------------------------------------------------------------------------------

    def add(self, instance: Instance) -> None:
        """Take charge of an instance; nothing is opened yet."""
        self._instances[instance.id] = instance
        if instance.account is not None:
            self._set(instance.id, InstanceState.STARTING, "connecting")
        elif instance.ended:
            here = instance.ended == _LOGGED_OUT_HERE
            self._set(instance.id, InstanceState.STOPPED if here else InstanceState.FAILED, instance.ended)
        else:
            self._set(instance.id, InstanceState.PENDING, "created")

    def change(self, instance_id: str, *, caption_as_text: bool) -> Instance:
        """An instance's settings were changed; how it is then."""
        changed = msgspec.structs.replace(self._instances[instance_id], caption_as_text=caption_as_text)
        self._instances[instance_id] = changed
        return changed

    def find(self, instance_id: str) -> Instance | None:
        """The instance with that id."""
        return self._instances.get(instance_id)

    def all(self) -> list[Instance]:
        """All instances, oldest first."""
        return list(self._instances.values())

    def condition(self, instance_id: str) -> Condition:
        """How the instance is right now."""
        return self._conditions[instance_id]

    def code(self, instance_id: str) -> QrCode | None:
        """The QR code that can be scanned now."""
        code = self._codes.get(instance_id)
        return code if code is not None and code.expires_at > self._clock.now() else None

    async def until(self, instance_id: str, reached: Callable[[], bool], seconds: float) -> bool:
        """Wait until `reached()`, looked at whenever a condition or a code changed; False when time is up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while instance_id in self._instances and not reached():
                    await self._news.wait()
        return instance_id in self._instances and reached()

    # --- what is done --------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Take charge of all instances that are kept."""
        for instance in await self._store.list():
            self.add(instance)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Open the sessions of the paired instances; leaving it ends what is under way."""
        for instance in self.all():
            if instance.account is not None:
                self.open(instance.id)
            elif instance.ended == _WRONG_NUMBER:
                self._start(instance.id, self._unlink_stranger)
        try:
            yield
        finally:
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def open(self, instance_id: str) -> None:
        """Connect a paired instance, and keep it connected."""
        self._set(instance_id, InstanceState.STARTING, "connecting")
        self._start(instance_id, self._open)

    def pair(self, instance_id: str) -> None:
        """Begin to pair, or begin anew."""
        self._codes.pop(instance_id, None)
        self._set(instance_id, InstanceState.STARTING, "pairing")
        self._start(instance_id, self._pair)

    async def restart(self, instance_id: str) -> None:
        """Close the session and open it again; an instance that is not paired gets a new QR code."""
        await self._stop_task(instance_id)
        if self._instances[instance_id].account is None:
            self.pair(instance_id)
            return
        await self._engine().close(instance_id)
        self.open(instance_id)

    async def end(self, instance_id: str, reason: str) -> None:
        """Unlink the device and forget the session; `reason` is what the instance shows from now on."""
        await self._stop_task(instance_id)
        self._codes.pop(instance_id, None)
        with contextlib.suppress(EngineError):
            await self._engine().logout(instance_id)
        await self._set_account(instance_id, None, reason)
        self._set(instance_id, InstanceState.STOPPED, reason)

    def remove(self, instance_id: str) -> None:
        """Take no more charge of an instance whose session has been ended."""
        self._instances.pop(instance_id, None)
        self._conditions.pop(instance_id, None)
        self._news_for(instance_id)

    # --- what the engine tells -----------------------------------------------------------------------------

    async def on_state(self, event: StateChanged) -> None:
        """A session's connection changed."""
        instance = self._instances.get(event.instance_id)
        if instance is None:
            return
        state, reason = _BY_ENGINE_STATE[event.state]
        if event.state == "connected":
            await self._on_connected(instance, event)
            # An event out of the spool of a process that has died since tells of a session that is no more.
            if self._engine().session(instance.id) is None:
                state, reason = InstanceState.STARTING, "connecting"
        elif event.state == "logged_out" and instance.account is not None:
            await self._set_account(instance.id, None, "logged_out")
            self._start(instance.id, self._close)
        elif instance.account is None:
            return  # a late word about a session that was ended here
        self._log.info("instance_state", instance=instance.id, state=state.value, reason=reason)
        self._set(instance.id, state, reason, event.until)

    async def _on_connected(self, instance: Instance, event: StateChanged) -> None:
        account = instance.account
        if account is None:
            return
        known = Account(
            jid=event.jid or account.jid,
            lid=event.lid or account.lid,
            push_name=event.push_name or account.push_name,
        )
        if known != account:
            await self._set_account(instance.id, known, "")

    async def on_pairing(self, instance_id: str, event: PairingEvent) -> None:
        """One step of a pairing; implements the engine's PairingWatcher."""
        instance = self._instances.get(instance_id)
        if instance is None:
            return
        if isinstance(event, QrCode):
            self._codes[instance_id] = event
            self._set(instance_id, InstanceState.SCAN_QR_CODE, "scan_qr_code")
        elif isinstance(event, Paired):
            self._codes.pop(instance_id, None)
            await self._on_paired(instance, event)
        else:
            self._codes.pop(instance_id, None)
            self._on_pairing_failed(instance_id, event)

    async def _on_paired(self, instance: Instance, paired: Paired) -> None:
        if same_number(instance.phone, Jid.parse(paired.jid).user):
            account = Account(jid=paired.jid, lid=paired.lid, push_name=paired.push_name)
            await self._set_account(instance.id, account, "")
            self.open(instance.id)
            return
        self._log.warning("wrong_number_scanned", instance=instance.id)
        # Noted first: should the gateway end now, the next one unlinks the stranger and never sends as him.
        await self._set_account(instance.id, None, _WRONG_NUMBER)
        self._start(instance.id, self._unlink_stranger)

    def _on_pairing_failed(self, instance_id: str, failed: PairingFailed) -> None:
        self._log.warning("pairing_failed", instance=instance_id, code=failed.code, reason=failed.reason)
        reason = "pairing_expired" if failed.code == PAIRING_FAILED.code else "pairing_failed"
        self._set(instance_id, InstanceState.FAILED, reason)

    # --- the task of an instance ---------------------------------------------------------------------------

    async def _open(self, instance_id: str) -> None:
        network = await self._network(instance_id)
        self._set(instance_id, InstanceState.STARTING, "connecting")
        await self._engine().open(instance_id, network)

    async def _pair(self, instance_id: str) -> None:
        network = await self._network(instance_id)
        self._set(instance_id, InstanceState.STARTING, "pairing")
        await self._engine().pair(instance_id, network)

    async def _close(self, instance_id: str) -> None:
        await self._engine().close(instance_id)

    async def _unlink_stranger(self, instance_id: str) -> None:
        """Log the device of another number out: only an open session can say so to the server."""
        network = await self._network(instance_id)
        engine = self._engine()
        with contextlib.suppress(EngineError):
            await engine.open(instance_id, network)
            await engine.logout(instance_id)
        self._set(instance_id, InstanceState.FAILED, _WRONG_NUMBER)

    async def _network(self, instance_id: str) -> Network:
        instance = self._instances[instance_id]
        while True:
            try:
                return await self._networks.get(instance.network)
            except EngineError as unreachable:
                if unreachable.fault is not SANDBOX_UNREACHABLE:
                    raise
                self._set(instance_id, InstanceState.STARTING, "sandbox_unreachable")
            await asyncio.sleep(SANDBOX_RETRY_SECONDS)

    def _start(self, instance_id: str, work: Callable[[str], Awaitable[None]]) -> None:
        before = self._tasks.get(instance_id)
        if before is not None:
            before.cancel()
        task = asyncio.create_task(self._guarded(instance_id, work, before), name=f"session-{instance_id}")
        self._tasks[instance_id] = task

    async def _guarded(
        self, instance_id: str, work: Callable[[str], Awaitable[None]], before: asyncio.Task[None] | None
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        try:
            await work(instance_id)
        except EngineError as failed:
            self._log.error("session_failed", instance=instance_id, code=failed.code, detail=failed.detail)
            reason = "pairing_failed" if work == self._pair else "engine_failed"
            self._set(instance_id, InstanceState.FAILED, reason)
        except Exception:  # noqa: BLE001 - whatever it is, the instance must not stay "starting" for ever
            self._log.exception("session_failed", instance=instance_id)
            self._set(instance_id, InstanceState.FAILED, "engine_failed")

    async def _stop_task(self, instance_id: str) -> None:
        task = self._tasks.pop(instance_id, None)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    # --- keeping it ----------------------------------------------------------------------------------------

    async def _set_account(self, instance_id: str, account: Account | None, ended: str) -> None:
        instance = self._instances.get(instance_id)
        if instance is None:
            return
        await self._store.set_account(instance_id, account, ended)
        self._instances[instance_id] = msgspec.structs.replace(instance, account=account, ended=ended)

    def _set(self, instance_id: str, state: InstanceState, reason: str, until: float | None = None) -> None:
        if instance_id not in self._instances:
            return
        before = self._conditions.get(instance_id)
        if before is not None and (before.state, before.reason, before.until) == (state, reason, until):
            self._news_for(instance_id)
            return
        now = self._clock.now()
        connected = now if state is InstanceState.WORKING else None
        self._conditions[instance_id] = Condition(
            state=state, reason=reason, since=now, until=until, connected_at=connected
        )
        self._news_for(instance_id)

    def _news_for(self, instance_id: str) -> None:
        self._news.set()
        self._news = asyncio.Event()
        self._changed(instance_id)
