"""What the stores are written on: either database, as one small surface.

Both drivers have nearly the same connection, so a store is written once; SQL that differs is in
`sqlite/queries` and `postgres/queries`, all other SQL in `queries`.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from waypost.nodes.notices import Notice

T = TypeVar("T")
Item = TypeVar("Item")


class Rows(Protocol):
    """What a statement gave: its rows, or how many it changed."""

    @property
    def rowcount(self) -> int:
        """Rows that the statement changed."""
        ...

    def fetchone(self) -> Any:
        """The next row; None after the last."""
        ...

    def fetchall(self) -> list[Any]:
        """The rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """A connection within a transaction, for one thread."""

    def execute(self, sql: str, parameters: Any = ..., /) -> Rows:
        """Run one statement with its parameters, by name or by place."""
        ...

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> object:
        """Run one statement for each of many sets of parameters."""
        ...


class Dialect(Protocol):
    """Where the databases differ."""

    def statements(self, aggregate: str) -> Mapping[str, str]:
        """The statements of one aggregate by name, as the driver takes them. Read once, where a store is
        made."""
        ...

    @property
    def shared(self) -> bool:
        """Whether several processes may work on the database, under leases."""
        ...

    def publish(self, connection: Connection, notices: Iterable[Notice]) -> None:
        """Tell all nodes once this is committed; nobody where the database is not shared.

        What is told is a hint: it may be lost when this process ends, and told of a unit that was undone.
        """
        ...

    def lock(self, connection: Connection, name: str) -> None:
        """Keep others who lock `name` waiting until the commit; nothing to do where one alone may write."""
        ...

    def try_lock(self, connection: Connection, name: str) -> bool:
        """Keep others from what is locked as `name` until the commit; False when somebody has it."""
        ...

    def insert(self, connection: Connection, sql: str, rows: Sequence[tuple[Any, ...]]) -> Sequence[int]:
        """Run the dialect's own INSERT for many rows at once.

        Returns the numbers that they were given, in order, where the table gives numbers.
        """
        ...


class Database(Protocol):
    """Units of work go through `write`, questions through `read`; both run a function of a connection in
    another thread, which does SQL and nothing slow beside it. A unit may be run more than once before it is
    committed.
    """

    @property
    def dialect(self) -> Dialect:
        """Which of the databases this is."""
        ...

    @property
    def healthy(self) -> bool:
        """False from a failed commit until a write succeeds; one is tried every second unasked."""
        ...

    async def write(self, unit: Callable[[Connection], T]) -> T:
        """Run `unit` in a transaction; returns what it returned, after COMMIT.

        What `unit` raises rolls back this unit alone and is raised here. Raises
        StorageError(STORAGE_UNAVAILABLE) for everyone who shared the transaction when that was lost. A caller
        that is cancelled stops waiting; the unit is carried out all the same.
        """
        ...

    def write_each(
        self, bulk: Callable[[Connection, Sequence[Item]], Sequence[T]], item: Item
    ) -> "asyncio.Future[T]":
        """Like `write`, for units that are done faster together: `bulk` is run for all neighbours that name
        it, and returns a value for each item, in order. When it raises, it is run for each item alone.

        Nobody waits for a place here: whoever calls bounds how many of these are under way.
        """
        ...

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run `query` over one consistent snapshot, without the right to write."""
        ...
