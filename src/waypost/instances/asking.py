"""Questions to an instance's session, wherever it is held.

A call comes in at any node, and only the holder has the session: another node writes the question down as an
order, and the holder its answer.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from waypost.engine.account import AccountAnswer, AccountOrder
from waypost.engine.groups import GroupAnswer, GroupOrder
from waypost.engine.port import Recipient, Session
from waypost.errors import NOT_CONNECTED, EngineError
from waypost.instances.orders import OrderKind


class AboutGroups(msgspec.Struct, frozen=True, tag="groups"):
    """A question about groups."""

    order: GroupOrder


class AboutAccount(msgspec.Struct, frozen=True, tag="account"):
    """A question about the account, or about what it may see of people."""

    order: AccountOrder


class AboutNumbers(msgspec.Struct, frozen=True, tag="numbers"):
    """Who of these is on WhatsApp; see `Session.check`."""

    numbers: list[str]


Question = AboutGroups | AboutAccount | AboutNumbers


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
        answer = await self._ask(instance_id, AboutGroups(order))
        return msgspec.json.decode(answer, type=GroupAnswer)

    async def account(self, instance_id: str, order: AccountOrder) -> AccountAnswer:
        """Ask about the account. Raises EngineError, InstanceError, StorageError."""
        answer = await self._ask(instance_id, AboutAccount(order))
        return msgspec.json.decode(answer, type=AccountAnswer)

    async def check(self, instance_id: str, numbers: Sequence[str]) -> list[Recipient]:
        """Ask who is on WhatsApp. Raises EngineError, InstanceError, StorageError."""
        answer = await self._ask(instance_id, AboutNumbers(list(numbers)))
        return msgspec.json.decode(answer, type=list[Recipient])

    async def _ask(self, instance_id: str, question: Question) -> bytes:
        session = self._session_of(instance_id)
        if session is not None:
            return await _answered(session, question)
        if self._desk is None or self._holds(instance_id) or not self._works(instance_id):
            raise EngineError(NOT_CONNECTED)
        answer = await self._desk.ask(instance_id, "ask", msgspec.json.encode(question))
        if answer is None:
            raise EngineError(NOT_CONNECTED)
        return answer


def answering(session_of: Callable[[str], Session | None]) -> Callable[[str, bytes], Awaitable[bytes]]:
    """What the holder does with a question that another node wrote down."""

    async def answer(instance_id: str, payload: bytes) -> bytes:
        session = session_of(instance_id)
        if session is None:
            raise EngineError(NOT_CONNECTED)
        question: Question = msgspec.json.decode(payload, type=Question)
        return await _answered(session, question)

    return answer


async def _answered(session: Session, question: Question) -> bytes:
    match question:
        case AboutGroups(order=about_groups):
            return msgspec.json.encode(await session.group(about_groups))
        case AboutAccount(order=about_account):
            return msgspec.json.encode(await session.account(about_account))
        case AboutNumbers(numbers=numbers):
            return msgspec.json.encode(await session.check(numbers))
