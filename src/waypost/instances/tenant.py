import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from waypost.instances.elsewhere import Elsewhere
from waypost.instances.sessions import Sessions
from waypost.instances.state import InstanceState
from waypost.nodes.lease import Tenure


class Requests(Protocol):
    """Who sends for instances that are held."""

    async def adopt(self, tenures: Sequence[Tenure]) -> None:
        """Begin to send for these instances. Raises StorageError."""
        ...

    async def release(self, instance_ids: Sequence[str], *, at_once: bool = False) -> None:
        """Stop, and give running sends their time unless it has to be `at_once`; returns when nothing of
        theirs runs any more.
        """
        ...


class InstanceTenant:
    """Implements `nodes.holding.Tenant`: what it means to this node to hold an instance."""

    def __init__(
        self, requests: Requests, sessions: Sessions, elsewhere: Elsewhere, begun: Callable[[], None]
    ) -> None:
        """`begun` is called when there is one more to carry out orders for."""
        self._requests = requests
        self._sessions = sessions
        self._elsewhere = elsewhere
        self._begun = begun

    async def begin(self, tenure: Tenure) -> None:
        """Adopt its requests, then open its session. Raises StorageError."""
        found = await self._elsewhere.gained(tenure)
        if found is None:
            return  # deleted; its lease goes with it
        await self._requests.adopt([tenure])
        instance, last = found
        pairing = last is not None and last.condition.state in (
            InstanceState.STARTING,
            InstanceState.SCAN_QR_CODE,
        )
        self._sessions.gained(instance, pairing=pairing)
        self._begun()

    async def hand_over(self, instance_id: str) -> None:
        """Let its sends end, then close its session."""
        await self._requests.release([instance_id])
        await self._sessions.lost(instance_id)
        self._elsewhere.lost(instance_id)

    async def drop(self, instance_id: str) -> None:
        """Close its session, and wait for none of its sends: what comes of them is its next holder's to
        learn.
        """
        self._elsewhere.lost(instance_id)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._sessions.lost(instance_id))
            tasks.create_task(self._requests.release([instance_id], at_once=True))
