"""Pairing one instance: disposable engine processes that show QR codes until a phone scans one."""

import asyncio
import contextlib
import secrets
from typing import Final

from waypost.engine import wire
from waypost.engine.fleet import Fleet
from waypost.engine.keeper import House
from waypost.engine.left_behind import end_left_behind
from waypost.engine.port import Paired, PairingEvent, PairingFailed, PairingWatcher, QrCode
from waypost.engine.process import EngineProcess, Signal
from waypost.engine.store import Pairing, SessionStore
from waypost.engine.store_folder import StoreFolder
from waypost.errors import ENGINE_DIED, PAIRING_FAILED, EngineError

_DEATHS: Final = 3
_TELL_AGAIN_S: Final = (0.2, 1.0, 3.0, 10.0, 30.0)


class PairingRun:
    """One pairing, over as many processes as it takes: a start of a session could bring down those that live
    beside it, and codes that are used up are renewed by pairing anew."""

    def __init__(
        self,
        instance_id: str,
        store: SessionStore,
        folder: StoreFolder,
        fleet: Fleet,
        watcher: PairingWatcher,
        house: House,
        phone: str | None = None,
    ) -> None:
        """With `phone` (digits), a code for it is shown in the place of QR codes."""
        self._instance_id = instance_id
        self._store = store
        self._folder = folder
        self._fleet = fleet
        self._watcher = watcher
        self._house = house
        self._phone = phone
        self._steps: asyncio.Queue[PairingEvent | None] = asyncio.Queue()
        self._first: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def begun(self) -> None:
        """Wait until the first process runs. Raises EngineError when it can't."""
        await asyncio.shield(self._first)

    async def run(self) -> None:
        """Pair until a phone scans, something fails, or the time for it is over; the watcher hears the
        end."""
        last: PairingEvent = _failed("Nobody scanned the code.")
        try:
            async with asyncio.timeout(self._house.settings.pairing_within):
                last = await self._step()
        except TimeoutError:
            pass
        except EngineError as error:
            last = PairingFailed(code=error.code, reason=error.message)
            if self._not_begun(error):
                return
        except Exception as error:
            self._house.log.exception("pairing_broken", instance=self._instance_id)
            last = _failed("The log of the gateway says why.")
            if self._not_begun(EngineError(PAIRING_FAILED, type(error).__name__)):
                return
        finally:
            self._not_begun(EngineError(PAIRING_FAILED, "It was ended."))
            with contextlib.suppress(EngineError):  # the next pairing removes them too
                await self._store.discard_pairings()
        await self._tell(last)

    def _not_begun(self, error: EngineError) -> bool:
        """Tell `begun` that it never will, unless it has; says which."""
        if self._first.done():
            return False
        self._first.set_exception(error)
        self._first.exception()  # nobody may be waiting
        return True

    async def _tell(self, step: PairingEvent) -> None:
        """A watcher that can't take the last step now (its database is down) is asked again: the phone is
        linked."""
        for delay in _TELL_AGAIN_S:
            try:
                return await self._watcher.on_pairing(self._instance_id, step)
            except Exception:
                self._house.log.exception("pairing_not_taken", instance=self._instance_id)
            await asyncio.sleep(delay)

    async def _step(self) -> PairingEvent:
        """The last step, over as many attempts as it takes; a process that dies is no reason to give up at
        once."""
        deaths = 0
        while True:
            try:
                step = await self._attempt()
            except EngineError as error:
                deaths += 1
                if error.fault is not ENGINE_DIED or not self._first.done() or deaths == _DEATHS:
                    raise
                continue
            if step is not None:
                return step

    async def _attempt(self) -> PairingEvent | None:
        """One process; None when its codes were used up."""
        pairing = await self._store.new_pairing(secrets.token_hex(4))
        process = await self._fleet.start(self._on_signal)
        try:
            await process.call(
                lambda call: wire.BeginPairing(
                    call=call, session=self._instance_id, store=pairing.name, phone=self._phone
                ),
                type(None),
                self._house.settings.call_within,
            )
            if not self._first.done():
                self._first.set_result(None)
            step = await self._follow(process)
        finally:
            await process.kill()
        return await self._adopt(pairing) if isinstance(step, Paired) else step

    async def _follow(self, process: EngineProcess) -> PairingEvent | None:
        death = asyncio.create_task(process.dead())
        try:
            while True:
                step = asyncio.create_task(self._steps.get())
                await asyncio.wait([step, death], return_when=asyncio.FIRST_COMPLETED)
                if not step.done():
                    step.cancel()
                    raise EngineError(ENGINE_DIED)
                found = step.result()
                if not isinstance(found, QrCode):
                    return found
                await self._watcher.on_pairing(self._instance_id, found)
        finally:
            death.cancel()

    async def _adopt(self, pairing: Pairing) -> PairingEvent:
        """Make the store the instance's own. Its process is gone, so the store is at rest."""
        identity = await pairing.identity()
        if identity is None:
            return _failed("The phone did not complete the pairing.")
        await asyncio.to_thread(end_left_behind, self._folder)
        await self._store.adopt(pairing)
        return Paired(jid=identity.mark.device_jid, lid=identity.lid, push_name=identity.push_name)

    def _on_signal(self, signal: Signal) -> None:
        if isinstance(signal, wire.PairingStep):
            self._steps.put_nowait(signal.step)


def _failed(reason: str) -> PairingFailed:
    return PairingFailed(code=PAIRING_FAILED.code, reason=reason)
