"""Orders between nodes: placed where a call comes in, carried out where the instance is held."""

import asyncio
import contextlib
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from waypost.clock import Clock
from waypost.errors import INTERNAL, NOT_HELD, TABLE, InstanceError, StorageError, WaypostError
from waypost.instances.orders import Order, OrderKind, OrderStore
from waypost.telemetry import Log

# A node that vanishes is replaced within ten seconds, and unlinking a device takes some more.
_WITHIN_SECONDS: Final = 40.0
_LOOK_SECONDS: Final = 1.0
_FORGET_AFTER_SECONDS: Final = 86_400.0
_FORGET_EVERY_SECONDS: Final = 3_600.0


class OrderDesk:
    """Places orders for other nodes, and carries out theirs."""

    def __init__(
        self,
        store: OrderStore,
        held: Callable[[], Sequence[str]],
        carry_out: Callable[[Order], Awaitable[bytes | None]],
        clock: Clock,
        log: Log,
    ) -> None:
        """`held`: the instances whose sessions this node keeps; `carry_out` gives the answer of an `ask`."""
        self._store = store
        self._held = held
        self._carry_out = carry_out
        self._clock = clock
        self._log = log
        self._look = asyncio.Event()
        self._ended: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._busy: dict[str, asyncio.Task[None]] = {}

    # --- placing -------------------------------------------------------------------------------------------

    async def place(self, instance_id: str, kind: OrderKind, payload: bytes | None = None) -> str:
        """Leave an order for whoever holds the instance, now or next; its id. Raises StorageError."""
        order = Order(
            id=str(uuid.uuid4()),
            instance_id=instance_id,
            kind=kind,
            made_at=self._clock.now(),
            payload=payload,
        )
        await self._store.place(order)
        self.look()
        return order.id

    async def ask(self, instance_id: str, kind: OrderKind, payload: bytes | None = None) -> bytes | None:
        """Place an order and wait until it was carried out; the answer of an `ask`.

        Raises StorageError, InstanceError: as its holder did, or NOT_HELD when nobody carried it out in time;
        it is still carried out then.
        """
        order_id = await self.place(instance_id, kind, payload)
        try:
            async with asyncio.timeout(_WITHIN_SECONDS):
                while (outcome := await self._store.outcome(order_id)) is None:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_LOOK_SECONDS):
                            await self._ended[order_id].wait()
        except TimeoutError:
            raise InstanceError(NOT_HELD) from None
        finally:
            self._ended.pop(order_id, None)
        if kind == "ask":
            await self._store.remove(order_id)
        if outcome.error_code is not None:
            raise InstanceError(TABLE.get(outcome.error_code, INTERNAL))
        return outcome.result

    def ended(self, order_id: str) -> None:
        """An order was carried out."""
        if order_id in self._ended:
            self._ended[order_id].set()

    # --- carrying out --------------------------------------------------------------------------------------

    def look(self) -> None:
        """There may be orders for instances that are held here."""
        self._look.set()

    async def run(self) -> None:
        """Carry orders out until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep_looking())
                tasks.create_task(self._keep_forgetting())
        finally:
            busy = list(self._busy.values())
            for task in busy:
                task.cancel()
            await asyncio.gather(*busy, return_exceptions=True)

    async def _keep_looking(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._look.wait()
            self._look.clear()
            free = [one for one in self._held() if one not in self._busy]
            try:
                orders = await self._store.open(free) if free else []
            except StorageError:
                continue
            of_instance: defaultdict[str, list[Order]] = defaultdict(list)
            for order in orders:
                of_instance[order.instance_id].append(order)
            for instance_id, some in of_instance.items():
                task = self._busy[instance_id] = asyncio.create_task(self._serve(some))
                task.add_done_callback(lambda _, of=instance_id: self._served(of))  # type: ignore[misc]

    def _served(self, instance_id: str) -> None:
        self._busy.pop(instance_id, None)
        self.look()

    async def _serve(self, orders: Sequence[Order]) -> None:
        for order in orders:
            if order.instance_id not in self._held():
                return  # its next holder finds it
            code, result = await self._tried(order)
            await self._note(order, code, result)

    async def _note(self, order: Order, code: str | None, result: bytes | None) -> None:
        """Note what came of an order, until the database takes it: what an `ask` asks for, a group for
        example, would be made once more otherwise. Not for longer than the instance is held here.
        """
        while True:
            try:
                return await self._store.done(order.id, code, result)
            except StorageError as error:
                self._log.warning("order_not_noted", instance=order.instance_id, code=error.code)
            if order.instance_id not in self._held():
                return
            await asyncio.sleep(_LOOK_SECONDS)

    async def _tried(self, order: Order) -> tuple[str | None, bytes | None]:
        try:
            return None, await self._carry_out(order)
        except WaypostError as error:
            return error.code, None
        except Exception:  # noqa: BLE001 - a defect: whoever waits must hear of it
            self._log.exception("order_failed", instance=order.instance_id, kind=order.kind)
            return INTERNAL.code, None

    async def _keep_forgetting(self) -> None:
        while True:
            with contextlib.suppress(StorageError):
                await self._store.forget(self._clock.now() - _FORGET_AFTER_SECONDS)
            await asyncio.sleep(_FORGET_EVERY_SECONDS)
