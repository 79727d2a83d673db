"""Questions to an instance's session, wherever it is held.

A call comes in at any node, and only the holder has the session: another node writes the question down as an
order, and the holder its answer.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from waypost.engine.groups import GroupAnswer, GroupOrder
from waypost.engine.port import Session
from waypost.errors import NOT_CONNECTED, EngineError
from waypost.instances.orders import OrderKind


class AboutGroups(msgspec.Struct, frozen=True, tag="groups"):
    """A question about groups."""

    order: GroupOrder


class Desk(Protocol):
    """Brings orders to other nodes."""

    async def ask(self, instance_id: str, kind: OrderKind, payload: bytes | None = None) -> bytes | None:
        """What the holder answers. Raises InstanceError, StorageError."""
        ...


class Asking:
    """Asks sessions. `works` tells whether an instance is connected anywhere; `desk` is there with many
    nodes."""

    def __init__(
        self,
        session_of: Callable[[str], Session | None],
        works: Callable[[str], bool],
        holds: Callable[[str], bool],
        desk: Desk | None,
    ) -> None:
        self._session_of = session_of
        self._works = works
        self._holds = holds
        self._desk = desk

    async def groups(self, instance_id: str, order: GroupOrder) -> GroupAnswer:
        """Ask about groups. Raises EngineError, InstanceError, StorageError."""
        session = self._session_of(instance_id)
        if session is not None:
            return await session.group(order)
        if self._desk is None or self._holds(instance_id) or not self._works(instance_id):
            raise EngineError(NOT_CONNECTED)
        payload = msgspec.json.encode(AboutGroups(order))
        answer = await self._desk.ask(instance_id, "ask", payload)
        return msgspec.json.decode(answer or b"{}", type=GroupAnswer)


def answering(session_of: Callable[[str], Session | None]) -> Callable[[str, bytes], Awaitable[bytes]]:
    """What the holder does with a question that another node wrote down."""

    async def answer(instance_id: str, payload: bytes) -> bytes:
        session = session_of(instance_id)
        if session is None:
            raise EngineError(NOT_CONNECTED)
        asked = msgspec.json.decode(payload, type=AboutGroups)
        return msgspec.json.encode(await session.group(asked.order))

    return answer
