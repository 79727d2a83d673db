import asyncio
from collections.abc import Sequence
from enum import Enum, auto

import msgspec

from waypost.outbox.failures import is_paced
from waypost.outbox.port import Waiting
from waypost.outbox.request import Request, Step


class Phase(Enum):
    """What a request in a lane waits for, or is busy with."""

    TO_PREPARE = auto()
    PREPARING = auto()
    TO_STAGE = auto()
    STAGING = auto()
    TO_SEND = auto()
    SENDING = auto()
    RECEIPT = auto()
    ENDING = auto()
    GONE = auto()


# What may begin its next phase as soon as order and time allow it.
WAITING = frozenset({Phase.TO_PREPARE, Phase.TO_STAGE, Phase.TO_SEND})


class Entry:
    """An unfinished request in its lane: the row as it was last stored, and what only this process knows."""

    __slots__ = (
        "connection_hold",
        "failures",
        "holds",
        "let_go",
        "not_before",
        "performing_since",
        "phase",
        "recovered",
        "request",
        "settle_by",
        "shows",
        "steps",
        "task",
    )

    def __init__(self, request: Request, steps: Sequence[Step] = (), *, recovered: bool = False) -> None:
        self.request = request
        self.steps = list(steps)
        self.phase = _phase(request)
        # Seconds since the epoch.
        # Pacing is asked anew: its rules or its counts may be others by now.
        self.not_before = 0.0 if is_paced(request.failure) else request.next_attempt_at or 0.0
        # The wait is for a connection: a new one ends it.
        self.connection_hold = False
        self.holds = 0
        # What holds it back was over while its hold was still being stored.
        self.let_go = False
        # Attempts that failed by the request's own fault.
        self.failures = 0
        # A send of this request was cut off by the end of another process.
        self.recovered = recovered
        # Monotonic, while a message waits for its ack.
        self.performing_since: float | None = None
        # While the recipient sees that the message is being made.
        self.shows: Waiting | None = None
        # Monotonic, once receipts are what the request waits for.
        self.settle_by: float | None = None
        self.task: asyncio.Task[None] | None = None

    @property
    def uuid(self) -> str:
        """The request's uuid."""
        return self.request.uuid

    def next_step(self) -> Step | None:
        """The first step that was not sent."""
        return next((step for step in self.steps if step.state != "sent"), None)

    def put(self, step: Step) -> None:
        """Replace the step of that number."""
        self.steps[step.number] = step

    def rename(self, chat_key: str) -> bool:
        """Its chat is known by another name; False when that is the one it has."""
        if chat_key == self.request.chat_key:
            return False
        self.request = msgspec.structs.replace(self.request, chat_key=chat_key)
        return True

    def clock_was_set_back(self, seconds: float) -> None:
        """What it waits for comes no later by that."""
        self.not_before -= seconds

    def wait(self, phase: Phase, not_before: float = 0.0) -> None:
        """Wait in `phase`, not before a time in seconds since the epoch."""
        self.phase = phase
        self.not_before = not_before


def _phase(request: Request) -> Phase:
    if request.staged is not None:
        return Phase.TO_SEND
    return Phase.TO_PREPARE if request.prepared is None else Phase.TO_STAGE
