import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from waypost.errors import INTERNAL, OutboxError, WaypostError
from waypost.outbox.endings import Endings
from waypost.outbox.entry import Entry, Phase
from waypost.outbox.pacer import Pacer
from waypost.outbox.port import Executor, Stage
from waypost.outbox.request import Request, RequestState
from waypost.outbox.setbacks import Setbacks, cleared
from waypost.outbox.settings import OutboxSettings
from waypost.outbox.store import OutboxStore
from waypost.telemetry import Log

Merge = Callable[[str, str, str], Awaitable[None]]


class MakingReady:
    """What comes before a send and may be repeated at will: `prepare` and `stage`."""

    def __init__(
        self,
        store: OutboxStore,
        executor: Executor,
        setbacks: Setbacks,
        endings: Endings,
        pacer: Pacer,
        settings: OutboxSettings,
        log: Log,
        merge: Merge,
    ) -> None:
        """`merge(instance_id, old, new)` is called when the canonical key of a chat becomes known."""
        self._store = store
        self._executor = executor
        self._setbacks = setbacks
        self._endings = endings
        self._pacer = pacer
        self._settings = settings
        self._log = log
        self._merge = merge

    async def prepare(self, entry: Entry) -> None:
        """Fetch and convert."""
        if self._pacer.crowded(entry.request.instance_id) and await self._is_held(entry, Phase.TO_PREPARE):
            return
        stage = await self._attempt(
            entry, self._executor.prepare, self._settings.prepare_deadline, Phase.TO_PREPARE
        )
        if stage is None:
            return
        await self._learn_chat(entry, stage)
        request = msgspec.structs.replace(
            cleared(entry.request), state=RequestState.PREPARING, prepared=stage.data
        )
        await self._keep(entry, request, self._store.prepared, Phase.TO_STAGE)

    async def stage(self, entry: Entry) -> None:
        """Ask about the recipient and upload, once the message may go."""
        if await self._is_held(entry, Phase.TO_STAGE):
            return
        stage = await self._attempt(
            entry, self._executor.stage, self._settings.stage_deadline, Phase.TO_STAGE
        )
        if stage is None:
            return
        await self._learn_chat(entry, stage)
        request = msgspec.structs.replace(cleared(entry.request), staged=stage.data)
        await self._keep(entry, request, self._store.staged, Phase.TO_SEND)

    async def _is_held(self, entry: Entry, again: Phase) -> bool:
        if not self._executor.is_message(entry.request):
            return False
        held = await self._endings.stored(lambda: self._pacer.ask(entry.request))
        if held is not None:
            await self._setbacks.hold(entry, held, again)
        return held is not None

    async def _attempt(
        self, entry: Entry, call: Callable[[Request], Awaitable[Stage]], deadline: float, again: Phase
    ) -> Stage | None:
        failed: WaypostError
        try:
            async with asyncio.timeout(deadline):
                return await call(entry.request)
        except TimeoutError:
            failed = OutboxError(INTERNAL, f"It took longer than {deadline:g} s.")
        except WaypostError as error:
            failed = error
        except Exception:  # noqa: BLE001 - a defect of one operation, which may be cured by an upgrade
            self._log.exception("request_not_made_ready", request=entry.uuid, phase=entry.phase.name)
            failed = OutboxError(INTERNAL)
        await self._setbacks.take(entry, failed, again)
        return None

    async def _learn_chat(self, entry: Entry, stage: Stage) -> None:
        old, new = entry.request.chat_key, stage.chat_key
        if new is not None and new != old:
            await self._merge(entry.request.instance_id, old, new)

    async def _keep(
        self,
        entry: Entry,
        request: Request,
        write: Callable[[Request], Awaitable[bool]],
        then: Phase,
    ) -> None:
        if await self._endings.stored(lambda: write(request)):
            # Chats may have been merged while it was written.
            entry.request = msgspec.structs.replace(request, chat_key=entry.request.chat_key)
            entry.holds = 0
            entry.wait(then)
        else:
            entry.phase = Phase.GONE
