"""The sessions of the instances that this node holds: opened, paired, watched.

Everything that takes time runs in one task per instance; a new order (restart, a new QR code, logout) takes
the place of the running one.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

import msgspec

from waypost.address import Jid
from waypost.engine.port import Engine, Network, Paired, PairingEvent, PairingFailed, QrCode, StateChanged
from waypost.errors import (
    CLIENT_OUTDATED,
    INSTANCE_NOT_FOUND,
    LOGGED_OUT,
    PAIRING_FAILED,
    SANDBOX_UNREACHABLE,
    EngineError,
    InstanceError,
)
from waypost.instances.instance import Account, Instance, NetworkName
from waypost.instances.networks import Networks
from waypost.instances.pairing import same_number
from waypost.instances.register import Register
from waypost.instances.state import ENTER_CODE, InstanceState
from waypost.instances.store import InstanceStore
from waypost.origin import apart
from waypost.telemetry import Log

# Between two tries to reach the sandbox's control API, which a developer may start after the gateway.
SANDBOX_RETRY_SECONDS = 1.0

_WRONG_NUMBER = "wrong_number"

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
        register: Register,
        log: Log,
        *,
        alone: bool = True,
    ) -> None:
        """`engine` is asked for when first needed, since the engine in turn reports here.

        `alone`: this node holds every instance. Otherwise it is told what it holds by `gained` and `lost`.
        """
        self._store = store
        self._engine = engine
        self._networks = networks
        self._register = register
        self._log = log
        self._alone = alone
        self._held: set[str] = set()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    # --- what is done --------------------------------------------------------------------------------------

    def holds(self, instance_id: str) -> bool:
        """Whether the instance's session is this node's to keep."""
        return self._alone or instance_id in self._held

    @property
    def held(self) -> list[str]:
        """The instances that this node was told to hold."""
        return list(self._held)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the sessions of the instances that are held; leaving it ends what is under way."""
        warming = None
        if self._alone:
            for instance in self._register.all():
                self._begin(instance)
        else:
            # Before it is known which: a node that comes in place of one that vanished has no time to lose.
            warming = asyncio.create_task(self._warm({one.network for one in self._register.all()}))
        try:
            yield
        finally:
            tasks = [*self._tasks.values(), *([warming] if warming is not None else [])]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def gained(self, instance: Instance, *, pairing: bool) -> None:
        """The instance is this node's from now on; `pairing` when its last holder was about to pair it."""
        self._register.add(instance)
        self._held.add(instance.id)
        self._begin(instance)
        if pairing and instance.account is None and not instance.ended:
            self.pair(instance.id)

    async def lost(self, instance_id: str) -> None:
        """The instance is this node's no more: returns when its session is closed."""
        self._held.discard(instance_id)
        await self._stop_task(instance_id)
        self._register.offer(instance_id, None)
        await self._engine().stop_pairing(instance_id)
        await self._engine().close(instance_id)

    def _begin(self, instance: Instance) -> None:
        if instance.account is not None:
            self.open(instance.id)
        elif instance.ended == _WRONG_NUMBER:
            self._start(instance.id, self._unlink_stranger)

    def open(self, instance_id: str) -> None:
        """Connect a paired instance, and keep it connected."""
        self._register.note(instance_id, InstanceState.STARTING, "connecting")
        self._start(instance_id, self._open)

    def pair(self, instance_id: str, *, by_code: bool = False) -> None:
        """Begin to pair, or begin anew; `by_code`, by one that is typed into the phone."""
        self._register.offer(instance_id, None)
        self._register.note(instance_id, InstanceState.STARTING, "pairing")
        self._start(instance_id, self._pair_by_code if by_code else self._pair)

    async def restart(self, instance_id: str) -> None:
        """Close the session and open it again; an instance that is not paired gets a new QR code."""
        await self._stop_task(instance_id)
        instance = self._register.find(instance_id)
        if instance is not None and instance.account is None:
            self.pair(instance_id)
            return
        await self._engine().close(instance_id)
        self.open(instance_id)

    async def end(self, instance_id: str, reason: str) -> None:
        """Unlink the device and forget the session; `reason` is what the instance shows from now on."""
        await self._stop_task(instance_id)
        self._register.offer(instance_id, None)
        with contextlib.suppress(EngineError):
            await self._engine().logout(instance_id)
        await self._set_account(instance_id, None, reason)
        self._register.note(instance_id, InstanceState.STOPPED, reason)

    # --- what the engine tells -----------------------------------------------------------------------------

    async def on_state(self, event: StateChanged) -> None:
        """A session's connection changed."""
        instance = self._register.find(event.instance_id)
        if instance is None or not self.holds(instance.id):
            return  # out of the spool of a session that is kept elsewhere now
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
        if event.state == "outdated":
            self._log.error("client_outdated", instance=instance.id, do=CLIENT_OUTDATED.sentence)
        self._register.note(instance.id, state, reason, event.until)

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

    async def on_named(self, instance_id: str, name: str) -> None:
        """The account has this name, given on whichever of its devices."""
        instance = self._register.find(instance_id)
        if instance is None or instance.account is None or not self.holds(instance_id):
            return
        if instance.account.push_name != name:
            account = msgspec.structs.replace(instance.account, push_name=name)
            await self._set_account(instance_id, account, "")

    async def on_pairing(self, instance_id: str, event: PairingEvent) -> None:
        """One step of a pairing; implements the engine's PairingWatcher."""
        instance = self._register.find(instance_id)
        if instance is None or not self.holds(instance_id):
            return
        if isinstance(event, QrCode):
            self._register.offer(instance_id, event)
            reason = ENTER_CODE if event.typed else "scan_qr_code"
            self._register.note(instance_id, InstanceState.SCAN_QR_CODE, reason)
        elif isinstance(event, Paired):
            self._register.offer(instance_id, None)
            await self._on_paired(instance, event)
        else:
            self._register.offer(instance_id, None)
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
        self._register.note(instance_id, InstanceState.FAILED, reason)

    # --- the task of an instance ---------------------------------------------------------------------------

    async def _warm(self, names: Iterable[NetworkName]) -> None:
        for name in names:
            with contextlib.suppress(EngineError):
                await self._engine().warm(await self._networks.get(name))

    async def _open(self, instance_id: str) -> None:
        network = await self._network(instance_id)
        self._register.note(instance_id, InstanceState.STARTING, "connecting")
        try:
            await self._engine().open(instance_id, network)
        except EngineError as failed:
            if failed.fault is not LOGGED_OUT:
                raise
            # Its keys are not here, as after a restore that left sessions out: only pairing anew helps.
            self._log.warning("session_missing", instance=instance_id)
            await self._set_account(instance_id, None, "logged_out")
            self._register.note(instance_id, InstanceState.FAILED, "logged_out")

    async def _pair(self, instance_id: str) -> None:
        network = await self._network(instance_id)
        self._register.note(instance_id, InstanceState.STARTING, "pairing")
        await self._engine().pair(instance_id, network)

    async def _pair_by_code(self, instance_id: str) -> None:
        network = await self._network(instance_id)
        instance = self._register.find(instance_id)
        if instance is None:
            raise InstanceError(INSTANCE_NOT_FOUND)
        self._register.note(instance_id, InstanceState.STARTING, "pairing")
        await self._engine().pair(instance_id, network, instance.phone)

    async def _close(self, instance_id: str) -> None:
        await self._engine().close(instance_id)

    async def _unlink_stranger(self, instance_id: str) -> None:
        """Log the device of another number out: only an open session can say so to the server."""
        network = await self._network(instance_id)
        engine = self._engine()
        with contextlib.suppress(EngineError):
            await engine.open(instance_id, network)
            await engine.logout(instance_id)
        self._register.note(instance_id, InstanceState.FAILED, _WRONG_NUMBER)

    async def _network(self, instance_id: str) -> Network:
        instance = self._register.find(instance_id)
        if instance is None:
            raise InstanceError(INSTANCE_NOT_FOUND)
        while True:
            try:
                return await self._networks.get(instance.network)
            except EngineError as unreachable:
                if unreachable.fault is not SANDBOX_UNREACHABLE:
                    raise
                self._register.note(instance_id, InstanceState.STARTING, "sandbox_unreachable")
            await asyncio.sleep(SANDBOX_RETRY_SECONDS)

    def _start(self, instance_id: str, work: Callable[[str], Awaitable[None]]) -> None:
        before = self._tasks.get(instance_id)
        if before is not None:
            before.cancel()
        task = asyncio.create_task(
            self._guarded(instance_id, work, before), name=f"session-{instance_id}", context=apart()
        )
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
            pairing = work in (self._pair, self._pair_by_code)
            reason = "pairing_failed" if pairing else "engine_failed"
            self._register.note(instance_id, InstanceState.FAILED, reason)
        except Exception:  # noqa: BLE001 - whatever it is, the instance must not stay "starting" for ever
            self._log.exception("session_failed", instance=instance_id)
            self._register.note(instance_id, InstanceState.FAILED, "engine_failed")

    async def _stop_task(self, instance_id: str) -> None:
        task = self._tasks.pop(instance_id, None)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    # --- keeping it ----------------------------------------------------------------------------------------

    async def _set_account(self, instance_id: str, account: Account | None, ended: str) -> None:
        if self._register.find(instance_id) is None:
            return
        await self._store.set_account(instance_id, account, ended)
        self._register.change(instance_id, account=account, ended=ended)
