import asyncio
import os
from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol

import msgspec

from waypost.errors import BLOB_GONE, OutboxError
from waypost.nodes.lease import Tenure
from waypost.nodes.notices import Notice
from waypost.outbox.receipts import ReceiptNote, heard
from waypost.outbox.request import Receipt, Request, Step
from waypost.outbox.store import (
    Alias,
    Arrived,
    Beginning,
    Ending,
    NewRequest,
    Page,
    Query,
    Standing,
    Stored,
    Sweep,
    Swept,
    Told,
    Unfinished,
)
from waypost.storage.database import Connection, Database
from waypost.storage.new_rows import NewRows
from waypost.storage.receipts import ReceiptRows
from waypost.storage.rows import failure_column, put_step, request_of, step_of
from waypost.storage.unfinished import UnfinishedRows, json_list, json_tenures
from waypost.storage.untold import UntoldRows

_END_OF_TIME = 2**63 - 1


class EndListener(Protocol):
    """Told of every ending inside the transaction that stores it, to store what follows from it."""

    def ended(self, connection: Connection, request: Request, ending: Ending) -> None:
        """Write rows of its own; raising undoes the ending."""
        ...

    def committed(self, instance_id: str) -> None:
        """An ending of that instance is durable; called in the event loop."""
        ...


class SqlOutboxStore(UnfinishedRows):
    """Implements `outbox.store.OutboxStore`."""

    def __init__(
        self,
        database: Database,
        listener: EndListener | None = None,
        on_untold: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_untold` is called when there is something to tell of messages of ours."""
        super().__init__(database)
        self._listener = listener
        self._on_untold = on_untold
        self._untold = UntoldRows(database.dialect)
        self._dialect = dialect = database.dialect
        self._blobs = dialect.statements("blobs")
        self._keys = dialect.statements("idempotency")
        self._open_chats = dialect.statements("open_chats")
        self._outbox = dialect.statements("outbox")
        self._new = NewRows(dialect)
        self._receipts = ReceiptRows(dialect)

    async def begin(self) -> Beginning:
        """Once per process, before anything else."""

        def unit(connection: Connection) -> Beginning:
            names = {"secret_key": os.urandom(32)}
            secret_key, epoch = connection.execute(self._outbox["begin"], names).fetchone()
            if self._dialect.shared:
                return Beginning(secret_key=secret_key)
            connection.execute(self._requests["own"], {"epoch": epoch})
            held = connection.execute(self._requests["held"]).fetchall()
            tenures = [Tenure(instance_id, epoch) for (instance_id,) in held]
            return Beginning(secret_key=secret_key, epoch=epoch, tenures=tenures)

        return await self._database.write(unit)

    async def adopt(self, tenures: Sequence[Tenure], known: Collection[int] = ()) -> dict[str, int]:
        """Give the unfinished requests of these instances their tenure's epoch."""
        names = {"tenures": json_tenures(tenures), "known": json_list(map(str, known))}

        def unit(connection: Connection) -> dict[str, int]:
            lowest: dict[str, int] = {}
            for instance_id, seq in connection.execute(self._requests["adopt"], names):
                if seq not in known:
                    lowest[instance_id] = min(lowest.get(instance_id, seq), seq)
            return lowest

        return await self._database.write(unit)

    async def aliases(self, instance_ids: Sequence[str]) -> list[Alias]:
        """The other names of these instances' chats."""
        names = {"instance_ids": json_list(instance_ids)}
        rows = await self._database.read(lambda c: c.execute(self._outbox["aliases"], names).fetchall())
        return [Alias(*row) for row in rows]

    def accept(self, new: NewRequest) -> "asyncio.Future[Stored]":
        """Store a request with its upload and its key."""
        return self._database.write_each(self._put_new, new)

    def _put_new(self, connection: Connection, news: Sequence[NewRequest]) -> list[Stored]:
        stored = self._new.put_all(connection, news)
        # One word for each instance is enough, however many of its requests came together.
        foreign = dict.fromkeys(new.acceptance.instance_id for new in news if new.epoch == 0)
        self._dialect.publish(connection, [Notice("requests", instance_id) for instance_id in foreign])
        return stored

    async def get(self, instance_id: str, uuid: str) -> Request | None:
        """The request with its live message status."""
        names = {"instance_id": instance_id, "uuid": uuid}
        row = await self._database.read(lambda c: c.execute(self._requests["get"], names).fetchone())
        return None if row is None else request_of(row)

    async def told_of(self, request: Request) -> list[Receipt]:
        """What each member of a group has told of a request's first message."""

        def read(connection: Connection) -> list[Receipt]:
            step = connection.execute(self._steps["of_request"], {"uuid": request.uuid}).fetchone()
            message_id = None if step is None else step_of(step).message_id
            if message_id is None:
                return []
            return self._receipts.each(connection, request.instance_id, message_id)

        return await self._database.read(read)

    async def page(self, query: Query) -> Page:
        """Requests of an instance, newest first."""
        names = {
            "instance_id": query.instance_id,
            "before": _before(query.cursor),
            "operation": query.operation,
            "chat_key": query.chat_key,
            "states": json_list(query.states) if query.states else None,
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
        names = {"uuid": request.uuid, "epoch": request.epoch, **values}
        changed = await self._database.write(
            lambda connection: connection.execute(self._requests[statement], names).rowcount
        )
        return changed == 1

    async def sending(self, request: Request, steps: Sequence[Step]) -> bool:
        """→ sending, with the marks of its steps."""

        def unit(connection: Connection) -> bool:
            names = {"uuid": request.uuid, "epoch": request.epoch}
            if connection.execute(self._requests["sending"], names).rowcount != 1:
                return False
            self._put(connection, request, steps)
            return True

        return await self._database.write(unit)

    async def step_changed(self, request: Request, step: Step) -> Told:
        """Keep a step, and join what receipts have told of its message."""
        at = float(step.timestamp or 0)

        def unit(connection: Connection) -> Told:
            names = {"uuid": request.uuid, "epoch": request.epoch}
            if connection.execute(self._requests["is_ours"], names).fetchone() is None:
                return Told(False)
            return self._put(connection, request, [step], at)

        told = await self._database.write(unit)
        if step.message is not None:
            self._on_untold()
        return told

    async def postponed(self, request: Request, step: Step | None) -> bool:
        """Keep when and why it is tried again."""
        names = {
            "uuid": request.uuid,
            "epoch": request.epoch,
            "attempts": request.attempts,
            "next_attempt_at": request.next_attempt_at,
            "failure": failure_column(request.failure),
        }

        def unit(connection: Connection) -> bool:
            if connection.execute(self._requests["postponed"], names).rowcount != 1:
                return False
            self._put(connection, request, [] if step is None else [step])
            return True

        return await self._database.write(unit)

    async def ended(self, request: Request, steps: Sequence[Step], ending: Ending) -> bool:
        """→ an end."""

        def unit(connection: Connection) -> bool:
            names = _names(ending) | {"uuid": request.uuid, "epoch": request.epoch}
            if connection.execute(self._requests["ended"], names).rowcount != 1:
                return False
            self._put(connection, request, steps, ending.at)
            self._untold.ended(connection, request, steps, ending)
            self._follow_up(connection, request, ending)
            return True

        ended = await self._told(request.instance_id, unit)
        self._on_untold()
        return ended

    async def cancel(self, instance_id: str, uuid: str, ending: Ending) -> bool:
        """Queued or preparing → cancelled."""
        names = {"instance_id": instance_id, "uuid": uuid}

        def unit(connection: Connection) -> bool:
            if connection.execute(self._requests["cancel"], _names(ending) | names).rowcount != 1:
                return False
            request = request_of(connection.execute(self._requests["get"], names).fetchone())
            self._follow_up(connection, request, ending)
            self._dialect.publish(connection, [Notice("cancelled", instance_id, uuid)])
            return True

        return await self._told(instance_id, unit)

    async def _told(self, instance_id: str, unit: Callable[[Connection], bool]) -> bool:
        """Store an ending, and tell who listens that it is stored."""
        ended = await self._database.write(unit)
        if ended and self._listener is not None:
            self._listener.committed(instance_id)
        return ended

    async def retry(self, instance_id: str, uuid: str, expires_at: float, epoch: int) -> Unfinished | None:
        """Failed or cancelled → queued under a new `seq` and that epoch."""
        names = {"instance_id": instance_id, "uuid": uuid}

        def unit(connection: Connection) -> Unfinished | None:
            guard = names | {"epoch": 0 if self._dialect.shared else epoch, "expires_at": expires_at}
            if connection.execute(self._requests["retry"], guard).rowcount != 1:
                return None
            connection.execute(self._steps["begin_anew"], {"uuid": uuid})
            connection.execute(self._blobs["keep_until"], {"uuid": uuid, "until": None})
            request = request_of(connection.execute(self._requests["get"], names).fetchone())
            blob = request.blob_id
            if blob is not None and connection.execute(self._blobs["exists"], (blob,)).fetchone() is None:
                raise OutboxError(BLOB_GONE)
            steps = connection.execute(self._steps["of_request"], {"uuid": uuid}).fetchall()
            if epoch == 0:
                self._dialect.publish(connection, [Notice("requests", instance_id)])
            request = msgspec.structs.replace(request, epoch=epoch)
            return Unfinished(request, [step_of(row) for row in steps])

        return await self._database.write(unit)

    async def merge_chats(self, instance_id: str, old: str, new: str) -> None:
        """`old` is another name of `new`."""
        names = {"instance_id": instance_id, "old": old, "new": new}

        def unit(connection: Connection) -> None:
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

        def unit(connection: Connection) -> list[Arrived]:
            arrived = self._receipts.put(connection, told)
            notices = [Notice("receipt", one.instance_id, one.uuid) for one in arrived]
            self._dialect.publish(connection, notices)
            return arrived

        return await self._database.write(unit)

    async def undecryptable(self, since: float, limit: int) -> int:
        """Give up on messages a recipient could not decrypt before `since`."""
        count = await self._database.write(lambda c: self._receipts.give_up(c, since, limit))
        if count:
            self._on_untold()
        return count

    async def end_deserted(self, ending: Ending, limit: int) -> int:
        """End requests of instances that are gone."""

        # Asked without the right to write: of a long queue it takes a while, and most often there is none.
        rows = await self._database.read(
            lambda c: c.execute(self._requests["deserted"], {"limit": limit}).fetchall()
        )
        if not rows:
            return 0

        def unit(connection: Connection) -> int:
            for uuid, instance_id in rows:
                names = _names(ending) | {"uuid": uuid, "instance_id": instance_id}
                connection.execute(self._requests["cancel"], names)
                connection.execute(
                    self._blobs["keep_until"], {"uuid": uuid, "until": ending.keep_blobs_until}
                )
            return len(rows)

        return await self._database.write(unit)

    async def sweep(self, sweep: Sweep) -> Swept:
        """Remove what has served its time."""

        def unit(connection: Connection) -> Swept:
            # One node at a time: two would wait for each other's rows.
            if not self._dialect.try_lock(connection, "sweep"):
                return Swept(False, [])
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

    async def standings(self, uuids: Sequence[str]) -> dict[str, Standing]:
        """Why these requests do not go on."""
        names = {"uuids": json_list(uuids)}
        rows = await self._database.read(lambda c: c.execute(self._requests["standings"], names).fetchall())
        return {uuid: Standing(bool(unknown), bool(behind)) for uuid, unknown, behind in rows}

    async def finished(self, uuids: Sequence[str]) -> frozenset[str]:
        """Which of these requests are finished, or gone."""
        names = {"uuids": json_list(uuids)}
        left = await self._database.read(lambda c: c.execute(self._requests["left"], names).fetchall())
        return frozenset(uuids) - {uuid for (uuid,) in left}

    async def blob_files(self) -> frozenset[str]:
        """The ids of all files that belong to requests."""
        return await self._database.read(
            lambda connection: frozenset(row[0] for row in connection.execute(self._blobs["files"]))
        )

    def _put(self, connection: Connection, request: Request, steps: Sequence[Step], at: float = 0.0) -> Told:
        told = Told(True)
        for step in steps:
            if step.message is not None:
                self._untold.left(connection, request, step.message, at)
            if step.message_id is not None:
                told = self._receipts.told(
                    connection, request.instance_id, step.message_id, step.chat or "", step.recipients
                )
                acked = "SENT" if step.state == "sent" else None
                step = msgspec.structs.replace(step, message_status=told.status or acked)
            put_step(connection, self._steps["put"], request, step)
        return told

    def _follow_up(self, connection: Connection, request: Request, ending: Ending) -> None:
        if request.blob_id is not None:
            names = {"uuid": request.uuid, "until": ending.keep_blobs_until}
            connection.execute(self._blobs["keep_until"], names)
        if ending.opens_chat:
            chat = {"instance_id": request.instance_id, "chat": request.chat_key, "at": ending.at}
            connection.execute(self._open_chats["open"], chat | {"ours": True})
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
