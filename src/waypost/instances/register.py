"""What this node knows of all instances: itself of those whose sessions it keeps, of others what it is told.

Kept in memory alone: what an instance is right now is found out anew after a restart.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import msgspec

from waypost.clock import Clock
from waypost.engine.port import QrCode
from waypost.instances.instance import Condition, Instance
from waypost.instances.state import InstanceState

_LOGGED_OUT_HERE = "logged_out_here"


class Register:
    """The instances by id, each with its condition and the QR code that can be scanned."""

    def __init__(
        self, clock: Clock, changed: Callable[[str], None], rechosen: Callable[[str], None] = lambda _: None
    ) -> None:
        """`changed` is told the id of an instance whose condition or code is another one, `rechosen` of one
        whose overrides are.
        """
        self._clock = clock
        self._changed = changed
        self._rechosen = rechosen
        self._instances: dict[str, Instance] = {}
        self._conditions: dict[str, Condition] = {}
        self._codes: dict[str, QrCode] = {}
        self._news = asyncio.Event()

    def add(self, instance: Instance) -> None:
        """Take in an instance that nothing is known of yet but its row."""
        self._instances[instance.id] = instance
        if instance.account is not None:
            self.note(instance.id, InstanceState.STARTING, "connecting")
        elif instance.ended:
            here = instance.ended == _LOGGED_OUT_HERE
            self.note(instance.id, InstanceState.STOPPED if here else InstanceState.FAILED, instance.ended)
        else:
            self.note(instance.id, InstanceState.PENDING, "created")

    def replace(self, instance: Instance) -> None:
        """The instance's row is another one; one that is not known is left out."""
        if instance.id in self._instances:
            self._instances[instance.id] = instance

    def change(self, instance_id: str, **fields: Any) -> Instance | None:
        """Some fields of the instance's row are others; the row then, unless it is gone."""
        before = self._instances.get(instance_id)
        if before is None:
            return None
        instance = self._instances[instance_id] = msgspec.structs.replace(before, **fields)
        if instance.overrides != before.overrides:
            self._rechosen(instance_id)
        return instance

    def remove(self, instance_id: str) -> None:
        """The instance is gone."""
        self._instances.pop(instance_id, None)
        self._conditions.pop(instance_id, None)
        self._codes.pop(instance_id, None)
        self._tell(instance_id)

    def find(self, instance_id: str) -> Instance | None:
        """The instance with that id."""
        return self._instances.get(instance_id)

    def all(self) -> list[Instance]:
        """All instances, oldest first."""
        return sorted(self._instances.values(), key=lambda one: (one.created_at, one.id))

    def condition(self, instance_id: str) -> Condition:
        """How the instance is right now."""
        return self._conditions[instance_id]

    def code(self, instance_id: str) -> QrCode | None:
        """The QR code that can be scanned now."""
        code = self.offered(instance_id)
        return None if code is None or code.typed else code

    def pairing_code(self, instance_id: str) -> QrCode | None:
        """The code that can be typed into the phone now."""
        code = self.offered(instance_id)
        return code if code is not None and code.typed else None

    def offered(self, instance_id: str) -> QrCode | None:
        """What links a phone now, a QR code or one to type."""
        code = self._codes.get(instance_id)
        return code if code is not None and code.expires_at > self._clock.now() else None

    async def until(self, instance_id: str, reached: Callable[[], bool], seconds: float) -> bool:
        """Wait until `reached()`, looked at whenever a condition or a code changed; False when time is up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while instance_id in self._instances and not reached():
                    await self._news.wait()
        return instance_id in self._instances and reached()

    async def news(self) -> None:
        """Wait until a condition or a code of any instance changes."""
        await self._news.wait()

    def offer(self, instance_id: str, code: QrCode | None) -> None:
        """The code that can be scanned from now on; told with the condition that is noted next."""
        if code is None:
            self._codes.pop(instance_id, None)
        else:
            self._codes[instance_id] = code

    def note(self, instance_id: str, state: InstanceState, reason: str, until: float | None = None) -> None:
        """The instance is in this state from now on, unless it was already."""
        if instance_id not in self._instances:
            return
        before = self._conditions.get(instance_id)
        if before is None or (before.state, before.reason, before.until) != (state, reason, until):
            now = self._clock.now()
            connected = now if state is InstanceState.WORKING else None
            self._conditions[instance_id] = Condition(
                state=state, reason=reason, since=now, until=until, connected_at=connected
            )
        self._tell(instance_id)

    def show(self, instance_id: str, condition: Condition, code: QrCode | None) -> None:
        """What another node has told of the instance."""
        if instance_id not in self._instances:
            return
        if (self._conditions.get(instance_id), self._codes.get(instance_id)) == (condition, code):
            return
        self._conditions[instance_id] = condition
        self.offer(instance_id, code)
        self._tell(instance_id)

    def _tell(self, instance_id: str) -> None:
        self._news.set()
        self._news = asyncio.Event()
        self._changed(instance_id)
