import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from waypost.errors import WaypostError
from waypost.nodes.lease import Tenure
from waypost.nodes.waiting import Sleep, first
from waypost.telemetry import Log

_AGAIN_SECONDS: Final = 1.0


class Tenant(Protocol):
    """What is done with an instance that is held. One call per instance at a time."""

    async def begin(self, tenure: Tenure) -> None:
        """The instance is ours. Called again after a moment when it raises WaypostError."""
        ...

    async def hand_over(self, instance_id: str) -> None:
        """Stop in good order, so that another node can begin when this returns; the lease is ours until
        then.
        """
        ...

    async def drop(self, instance_id: str) -> None:
        """The lease is lost, or about to be: end the session at once, whatever it is doing."""
        ...


class Holding:
    """One lease from when it is gained until everything that was done under it has ended."""

    def __init__(self, tenure: Tenure, tenant: Tenant, log: Log, sleep: Sleep) -> None:
        self.tenure = tenure
        self._tenant = tenant
        self._log = log
        self._sleep = sleep
        # Set from outside: hand it over, or stop at once because it is ours no more.
        self.leave = asyncio.Event()
        self.lost = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    def start(
        self, before: "asyncio.Task[None] | None", over: Callable[["Holding"], Awaitable[None]]
    ) -> None:
        """Begin once `before` (an earlier tenure) has ended; `over` is called when all is closed."""
        name = f"lease-{self.tenure.instance_id}"
        self.task = asyncio.create_task(self._run(before, over), name=name)

    async def _run(
        self, before: "asyncio.Task[None] | None", over: Callable[["Holding"], Awaitable[None]]
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        await first(self._stay(), self.lost.wait())
        if self.lost.is_set():
            await self._quietly(self._tenant.drop)
        await over(self)

    async def _stay(self) -> None:
        if await first(self._begin(), self.leave.wait()) is not None:
            await self.leave.wait()
        await self._quietly(self._tenant.hand_over)

    async def _begin(self) -> None:
        while True:
            try:
                await self._tenant.begin(self.tenure)
            except WaypostError as error:
                self._log.warning("lease_not_begun", instance=self.tenure.instance_id, code=error.code)
            except Exception:  # noqa: BLE001 - a defect; without the lease nobody could serve the instance
                self._log.exception("lease_not_begun", instance=self.tenure.instance_id)
            else:
                return
            await self._sleep(_AGAIN_SECONDS)

    async def _quietly(self, call: Callable[[str], Awaitable[None]]) -> None:
        try:
            await call(self.tenure.instance_id)
        except Exception:  # noqa: BLE001 - the lease goes all the same: its new holder fences what is left
            self._log.exception("lease_not_closed", instance=self.tenure.instance_id)
