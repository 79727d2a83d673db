from collections.abc import Awaitable, Collection, Sequence
from typing import Literal, Protocol

import msgspec

from waypost.nodes.lease import Tenure
from waypost.outbox.receipts import ReceiptNote
from waypost.outbox.request import Acceptance, Failure, MessageStatus, Receipt, Request, RequestState, Step


class Unfinished(msgspec.Struct, frozen=True):
    """A request that is not in memory, with its steps in order."""

    request: Request
    steps: list[Step]


class Alias(msgspec.Struct, frozen=True):
    """Another name of a chat."""

    instance_id: str
    alias: str
    chat_key: str


class Beginning(msgspec.Struct, frozen=True, kw_only=True):
    """What a new process begins with. `secret_key` is 32 bytes, made with the database.

    Where one process owns the database alone, `epoch` is the one under which it holds every instance from
    now on, and `tenures` has those with unfinished requests or names of chats. Where nodes share it, `epoch`
    is 0 and `tenures` is empty: leases say who holds what.
    """

    secret_key: bytes
    epoch: int = 0
    tenures: list[Tenure] = []


class NewRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What `accept` stores; `duplicates_since` is the oldest time at which an idempotency key still holds.

    `epoch` is the accepting process's tenure of the instance, 0 when another node holds it. Where nodes share
    the database its row has 0 all the same, until it is adopted.
    """

    acceptance: Acceptance
    epoch: int
    uuid: str
    created_at: float
    expires_at: float
    duplicates_since: float

    def queued(self, seq: int) -> Request:
        """The request as it is once this was stored."""
        call = self.acceptance
        return Request(
            uuid=self.uuid,
            seq=seq,
            instance_id=call.instance_id,
            operation=call.operation,
            chat_key=call.chat_key,
            state=RequestState.QUEUED,
            request=call.request,
            payload=call.payload,
            payload_version=call.payload_version,
            created_at=self.created_at,
            expires_at=self.expires_at,
            blob_id=None if call.upload is None else call.upload.blob_id,
            epoch=self.epoch,
            request_id=call.request_id,
            traceparent=call.traceparent,
        )


class Stored(msgspec.Struct, frozen=True):
    """The new row's place in the order, or the earlier request that the idempotency key belongs to."""

    seq: int
    duplicate_of: str | None = None


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which requests to list, newest first."""

    instance_id: str
    states: tuple[RequestState, ...] = ()
    operation: str | None = None
    chat_key: str | None = None
    cursor: str | None = None
    limit: int = 50


class Page(msgspec.Struct, frozen=True):
    """A part of a list; `next_cursor` is None on the last one."""

    items: list[Request]
    next_cursor: str | None


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a request ends. Times are seconds since the epoch. With `opens_chat` its chat is kept as one in
    which we have written.
    """

    state: Literal[RequestState.SENT, RequestState.FAILED, RequestState.CANCELLED]
    status: int
    body: bytes
    failure: Failure | None
    at: float
    keep_blobs_until: float
    opens_chat: bool = False


class Told(msgspec.Struct, frozen=True):
    """What was known of a step's message when the step was stored: `proven` when any receipt names it."""

    stored: bool
    proven: bool = False
    status: MessageStatus | None = None


class Arrived(msgspec.Struct, frozen=True):
    """A request one of whose steps waits for a receipt, which has come."""

    instance_id: str
    uuid: str


class Standing(msgspec.Struct, frozen=True):
    """Why an unfinished request does not go on: a send of unknown outcome, an older request of its chat."""

    unknown: bool
    behind: bool


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """What to take away, times in seconds since the epoch, at most `limit` rows of each kind.

    Files whose time has come at `now`, requests that finished before `requests`, receipts of that age, and
    keys older than `keys` of requests that are finished.
    """

    now: float
    requests: float
    keys: float
    limit: int


class Swept(msgspec.Struct, frozen=True):
    """`more` when there is something left; `files` are to be deleted."""

    more: bool
    files: list[str]


class OutboxStore(Protocol):
    """Durable rows of the outbox.

    Every method that changes something returns after the commit and raises StorageError when nothing was
    stored. Changes of one request are guarded by its epoch, as the `Request` that is given has it: they
    return False when it is not in the state they expect or another process has adopted it since, and then
    nothing is changed. Repeating one that has happened returns True.

    Where nodes share the database, who holds the instance is told by a notice in the same commit: `requests`
    of requests that come with epoch 0, `cancelled`, and `receipt` for everyone whom `receipts` returns.
    """

    async def begin(self) -> Beginning:
        """Once per process, before anything else. A process that owns the database alone takes it over: who
        had it before loses every change that is guarded.
        """
        ...

    async def adopt(self, tenures: Sequence[Tenure], known: Collection[int] = ()) -> dict[str, int]:
        """Give the unfinished requests of these instances their tenure's epoch; returns the lowest `seq` of
        those that had a lower one, by instance, those at `known` left out.

        What another process left and what others accepted for us come in this way. Whoever had a request
        before loses every change of it.
        """
        ...

    async def upcoming(
        self, tenure: Tenure, since: int, without: Sequence[str], limit: int
    ) -> list[Unfinished]:
        """The first `limit` unfinished requests of a tenure from `since` on, by `seq`, those of the chats
        `without` left out.
        """
        ...

    async def upcoming_of_chats(
        self, tenure: Tenure, chats: Sequence[tuple[str, int]], limit: int
    ) -> list[Unfinished]:
        """Of each chat the first `limit` unfinished requests of a tenure, from a `seq` of its own on, by
        `seq`; chat after chat.
        """
        ...

    async def overdue(self, tenures: Sequence[Tenure], now: float, limit: int) -> list[Unfinished]:
        """Unfinished requests of these tenures whose time was over at `now`."""
        ...

    async def aliases(self, instance_ids: Sequence[str]) -> list[Alias]:
        """The other names of these instances' chats."""
        ...

    def accept(self, new: NewRequest) -> Awaitable[Stored]:
        """Store a request with its upload and its key. Raises OutboxError(IDEMPOTENCY_MISMATCH).

        A future costs the caller less than a coroutine, and this is what is called most.
        """
        ...

    async def get(self, instance_id: str, uuid: str) -> Request | None:
        """The request with its live message status."""
        ...

    async def page(self, query: Query) -> Page:
        """Requests of an instance, newest first. `chat_key` finds its chat by any name."""
        ...

    async def prepared(self, request: Request) -> bool:
        """Queued → preparing, with what was prepared."""
        ...

    async def staged(self, request: Request) -> bool:
        """Keep what was staged."""
        ...

    async def sending(self, request: Request, steps: Sequence[Step]) -> bool:
        """→ sending, with the secret and mark of the step that is about to be performed."""
        ...

    async def told_of(self, request: Request) -> list[Receipt]:
        """What each member of a group has told of a request's first message, who was heard last first."""
        ...

    async def step_changed(self, request: Request, step: Step) -> Told:
        """Keep a step, and join what receipts have told of its message."""
        ...

    async def postponed(self, request: Request, step: Step | None) -> bool:
        """Keep `attempts`, `next_attempt_at` and `failure`, and the step that failed."""
        ...

    async def ended(self, request: Request, steps: Sequence[Step], ending: Ending) -> bool:
        """→ an end, with the steps as they are now, and whatever else is told of it in the same commit."""
        ...

    async def cancel(self, instance_id: str, uuid: str, ending: Ending) -> bool:
        """Queued or preparing → cancelled, whoever has adopted it."""
        ...

    async def retry(self, instance_id: str, uuid: str, expires_at: float, epoch: int) -> Unfinished | None:
        """Failed or cancelled → queued under a new `seq` and that epoch, its steps to be sent anew by further
        attempts.

        None when it is in another state. Raises OutboxError(BLOB_GONE).
        """
        ...

    async def merge_chats(self, instance_id: str, old: str, new: str) -> None:
        """`old` is another name of `new`: unfinished requests move over, and the name is kept."""
        ...

    async def receipts(self, notes: Sequence[ReceiptNote], now: float) -> list[Arrived]:
        """Keep receipts; returns who waited for one of them."""
        ...

    async def undecryptable(self, since: float, limit: int) -> int:
        """Give up on messages a recipient could not decrypt before `since`; returns how many (at most
        `limit`)."""
        ...

    async def end_deserted(self, ending: Ending, limit: int) -> int:
        """End requests that wait for an instance which is gone: they were accepted while it was deleted.
        Returns how many (at most `limit`)."""
        ...

    async def sweep(self, sweep: Sweep) -> Swept:
        """Remove what has served its time."""
        ...

    async def standings(self, uuids: Sequence[str]) -> dict[str, Standing]:
        """What the database knows of why these requests, as far as they are unfinished, do not go on."""
        ...

    async def finished(self, uuids: Sequence[str]) -> frozenset[str]:
        """Which of these requests are finished, or gone."""
        ...

    async def depths(self) -> dict[str, int]:
        """How many requests are unfinished, of each instance that has any."""
        ...

    async def blob_files(self) -> frozenset[str]:
        """The ids of all files that belong to requests."""
        ...
