import asyncio
import os
import sqlite3
from collections.abc import Sequence
from itertools import groupby
from typing import Any, Protocol

import msgspec

from waypost.errors import BLOB_GONE, OutboxError
from waypost.outbox.receipts import ReceiptNote, heard
from waypost.outbox.request import Request, Step
from waypost.outbox.store import (
    Alias,
    Arrived,
    Ending,
    NewRequest,
    Page,
    Query,
    Stored,
    Sweep,
    Swept,
    Takeover,
    Told,
    Unfinished,
)
from waypost.storage.sqlite.database import Database
from waypost.storage.sqlite.new_rows import NewRows
from waypost.storage.sqlite.receipts import ReceiptRows
from waypost.storage.sqlite.rows import failure_column, put_step, request_of, step_of
from waypost.storage.sqlite.statements import statements

_END_OF_TIME = 2**63 - 1


class EndListener(Protocol):
    """Told of every ending inside the transaction that stores it, to store what follows from it."""

    def ended(self, connection: sqlite3.Connection, request: Request, ending: Ending) -> None:
        """Write rows of its own; raising undoes the ending."""
        ...


class SqliteOutboxStore:
    """Implements `outbox.store.OutboxStore`."""

    def __init__(self, database: Database, listener: EndListener | None = None) -> None:
        self._database = database
        self._listener = listener
        self._epoch = 0
        self._requests = statements("requests")
        self._steps = statements("steps")
        self._blobs = statements("blobs")
        self._keys = statements("idempotency")
        self._new = NewRows()
        self._outbox = statements("outbox")
        self._receipts = ReceiptRows()

    async def take_over(self) -> Takeover:
        """Make every unfinished request ours."""

        def unit(connection: sqlite3.Connection) -> tuple[int, Takeover]:
            names = {"secret_key": os.urandom(32)}
            secret_key, epoch = connection.execute(self._outbox["take_over"], names).fetchone()
            connection.execute(self._requests["own_unfinished"], {"epoch": epoch})
            steps = {
                uuid: [step_of(row) for row in rows]
                for uuid, rows in groupby(
                    connection.execute(self._steps["unfinished"]), key=lambda row: str(row[0])
                )
            }
            requests = [request_of(row) for row in connection.execute(self._requests["unfinished"])]
            return epoch, Takeover(
                secret_key=secret_key,
                unfinished=[Unfinished(request, steps.get(request.uuid, [])) for request in requests],
                aliases=[Alias(*row) for row in connection.execute(self._outbox["aliases"])],
            )

        self._epoch, takeover = await self._database.write(unit)
        return takeover

    def accept(self, new: NewRequest) -> "asyncio.Future[Stored]":
        """Store a request with its upload and its key."""
        return self._database.write_each(self._put_new, new)

    def _put_new(self, connection: sqlite3.Connection, news: Sequence[NewRequest]) -> list[Stored]:
        return self._new.put_all(connection, news, self._epoch)

    async def get(self, instance_id: str, uuid: str) -> Request | None:
        """The request with its live message status."""
        names = {"instance_id": instance_id, "uuid": uuid}
        row = await self._database.read(lambda c: c.execute(self._requests["get"], names).fetchone())
        return None if row is None else request_of(row)

    async def page(self, query: Query) -> Page:
        """Requests of an instance, newest first."""
        names = {
            "instance_id": query.instance_id,
            "before": _before(query.cursor),
            "operation": query.operation,
            "chat_key": query.chat_key,
            "states": msgspec.json.encode(query.states).decode() if query.states else None,
            "limit": query.limit + 1,
        }
        rows = await self._database.read(lambda c: c.execute(self._requests["page"], names).fetchall())
        items = [request_of(row) for row in rows[: query.limit]]
        return Page(items, str(items[-1].seq) if len(rows) > query.limit else None)

    async def prepared(self, request: Request) -> bool:
        """Queued → preparing."""
        return await self._guarded("prepared", request, prepared=request.prepared, chat_key=request.chat_key)

    async def staged(self, request: Request) -> bool:
        """Keep what was staged."""
        return await self._guarded("staged", request, staged=request.staged, chat_key=request.chat_key)

    async def _guarded(self, statement: str, request: Request, **values: Any) -> bool:
        names = {"uuid": request.uuid, "epoch": self._epoch, **values}
        changed = await self._database.write(
            lambda connection: connection.execute(self._requests[statement], names).rowcount
        )
        return changed == 1

    async def sending(self, request: Request, steps: Sequence[Step]) -> bool:
        """→ sending, with the marks of its steps."""

        def unit(connection: sqlite3.Connection) -> bool:
            names = {"uuid": request.uuid, "epoch": self._epoch}
            if connection.execute(self._requests["sending"], names).rowcount != 1:
                return False
            self._put(connection, request, steps)
            return True

        return await self._database.write(unit)

    async def step_changed(self, request: Request, step: Step) -> Told:
        """Keep a step, and join what receipts have told of its message."""

        def unit(connection: sqlite3.Connection) -> Told:
            names = {"uuid": request.uuid, "epoch": self._epoch}
            if connection.execute(self._requests["is_ours"], names).fetchone() is None:
                return Told(False)
            return self._put(connection, request, [step])

        return await self._database.write(unit)

    async def postponed(self, request: Request, step: Step | None) -> bool:
        """Keep when and why it is tried again."""
        names = {
            "uuid": request.uuid,
            "epoch": self._epoch,
            "attempts": request.attempts,
            "next_attempt_at": request.next_attempt_at,
            "failure": failure_column(request.failure),
        }

        def unit(connection: sqlite3.Connection) -> bool:
            if connection.execute(self._requests["postponed"], names).rowcount != 1:
                return False
            self._put(connection, request, [] if step is None else [step])
            return True

        return await self._database.write(unit)

    async def ended(self, request: Request, steps: Sequence[Step], ending: Ending) -> bool:
        """→ an end."""

        def unit(connection: sqlite3.Connection) -> bool:
            names = _names(ending) | {"uuid": request.uuid, "epoch": self._epoch}
            if connection.execute(self._requests["ended"], names).rowcount != 1:
                return False
            self._put(connection, request, steps)
            self._follow_up(connection, request, ending)
            return True

        return await self._database.write(unit)

    async def cancel(self, instance_id: str, uuid: str, ending: Ending) -> bool:
        """Queued or preparing → cancelled."""
        names = {"instance_id": instance_id, "uuid": uuid}

        def unit(connection: sqlite3.Connection) -> bool:
            guard = _names(ending) | names | {"epoch": self._epoch}
            if connection.execute(self._requests["cancel"], guard).rowcount != 1:
                return False
            request = request_of(connection.execute(self._requests["get"], names).fetchone())
            self._follow_up(connection, request, ending)
            return True

        return await self._database.write(unit)

    async def retry(self, instance_id: str, uuid: str, expires_at: float) -> Unfinished | None:
        """Failed or cancelled → queued under a new `seq`."""
        names = {"instance_id": instance_id, "uuid": uuid}

        def unit(connection: sqlite3.Connection) -> Unfinished | None:
            guard = names | {"epoch": self._epoch, "expires_at": expires_at}
            if connection.execute(self._requests["retry"], guard).rowcount != 1:
                return None
            connection.execute(self._steps["begin_anew"], {"uuid": uuid})
            connection.execute(self._blobs["keep_until"], {"uuid": uuid, "until": None})
            request = request_of(connection.execute(self._requests["get"], names).fetchone())
            blob = request.blob_id
            if blob is not None and connection.execute(self._blobs["exists"], (blob,)).fetchone() is None:
                raise OutboxError(BLOB_GONE)
            steps = connection.execute(self._steps["of_request"], {"uuid": uuid}).fetchall()
            return Unfinished(request, [step_of(row) for row in steps])

        return await self._database.write(unit)

    async def merge_chats(self, instance_id: str, old: str, new: str) -> None:
        """`old` is another name of `new`."""
        names = {"instance_id": instance_id, "old": old, "new": new}

        def unit(connection: sqlite3.Connection) -> None:
            for sql in (
                self._outbox["put_alias"],
                self._outbox["move_aliases"],
                self._requests["move_chat"],
            ):
                connection.execute(sql, names)

        await self._database.write(unit)

    async def receipts(self, notes: Sequence[ReceiptNote], now: float) -> list[Arrived]:
        """Keep receipts; returns who waited for one of them."""
        told = [one for note in notes for one in heard(note, now)]
        if not told:
            return []
        return await self._database.write(lambda connection: self._receipts.put(connection, told))

    async def undecryptable(self, since: float, limit: int) -> int:
        """Give up on messages a recipient could not decrypt before `since`."""
        return await self._database.write(lambda c: self._receipts.give_up(c, since, limit))

    async def sweep(self, sweep: Sweep) -> Swept:
        """Remove what has served its time."""

        def unit(connection: sqlite3.Connection) -> Swept:
            limit = sweep.limit
            old = {"before": sweep.requests, "limit": limit}
            # Not DELETE … RETURNING: SQLite 3.40 answers `data IS NULL` there with 0 for a NULL.
            blobs = connection.execute(self._blobs["due"], {"now": sweep.now, "limit": limit}).fetchall()
            connection.executemany(self._blobs["forget"], [(blob,) for blob, _ in blobs])
            keys = connection.execute(self._keys["forget"], {"before": sweep.keys, "limit": limit}).rowcount
            requests = connection.execute(self._requests["forget"], old).rowcount
            receipts = self._receipts.forget(connection, sweep.requests, limit)
            more = limit in (len(blobs), keys, requests, receipts)
            return Swept(more, [blob for blob, is_file in blobs if is_file])

        return await self._database.write(unit)

    async def blob_files(self) -> frozenset[str]:
        """The ids of all files that belong to requests."""
        return await self._database.read(
            lambda connection: frozenset(row[0] for row in connection.execute(self._blobs["files"]))
        )

    def _put(self, connection: sqlite3.Connection, request: Request, steps: Sequence[Step]) -> Told:
        told = Told(True)
        for step in steps:
            if step.message_id is not None:
                told = self._receipts.told(connection, request.instance_id, step.message_id, step.chat or "")
                acked = "SENT" if step.state == "sent" else None
                step = msgspec.structs.replace(step, message_status=told.status or acked)
            put_step(connection, self._steps["put"], request, step)
        return told

    def _follow_up(self, connection: sqlite3.Connection, request: Request, ending: Ending) -> None:
        if request.blob_id is not None:
            names = {"uuid": request.uuid, "until": ending.keep_blobs_until}
            connection.execute(self._blobs["keep_until"], names)
        if self._listener is not None:
            self._listener.ended(connection, request, ending)


def _names(ending: Ending) -> dict[str, Any]:
    return {
        "state": ending.state,
        "status": ending.status,
        "body": ending.body,
        "failure": failure_column(ending.failure),
        "at": ending.at,
    }


def _before(cursor: str | None) -> int:
    """A cursor is the `seq` of the last row seen; anything else begins at the newest."""
    return int(cursor) if cursor is not None and cursor.isascii() and cursor.isdigit() else _END_OF_TIME
