"""What the outbox asks of the world: to carry out a request, without the outbox knowing what it does.

A request is carried out in four calls, each of which may be repeated after a crash:
`prepare` (fetch, convert: needs no connection), `stage` (check the recipient, upload: needs one), then
`perform` once per step, in order, and `finish`. What `prepare`, `stage` and `perform` return is stored before
the next call is made.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from waypost.outbox.request import Request, Step


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """Which engine store a send begins with; stored with the step before the send (see the engine's port)."""

    device_jid: str
    generation: str


class Waiting(msgspec.Struct, frozen=True):
    """Why an instance's requests wait, as a code (`connection`, `pairing`, `restriction`, `client_outdated`),
    and until when where that is known (seconds since the epoch).
    """

    code: str
    until: float | None = None


class Showing(msgspec.Struct, frozen=True, kw_only=True):
    """What a person's phone would show in `chat` for some seconds before the message comes. `always`: it
    belongs to the request; otherwise it is shown where messages are paced. `reads`: what came in before is
    marked as read first.
    """

    chat: str
    state: Literal["recording", "typing"]
    seconds: float
    always: bool = False
    reads: bool = False


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """What `prepare` or `stage` found out: JSON for the next call.

    `chat_key` when the canonical chat became known (the recipient's LID): the request moves to that chat's
    line.
    """

    data: bytes
    chat_key: str | None = None


class Performed(msgspec.Struct, frozen=True, kw_only=True):
    """One message was sent and acked; `data` is JSON for `finish`, `content` the protobuf for
    later quotes. What is no message has no id. `recipients`: how many others are in a group, where known.
    `message` is JSON for whoever keeps messages and tells of them, from the commit on that stores it as
    sent; the outbox does not read it.
    """

    message_id: str | None
    chat: str
    timestamp: int
    data: bytes
    content: bytes
    recipients: int | None = None
    message: bytes | None = None


class NeverSent(msgspec.Struct, frozen=True):
    """It is proven that the step's frame never left: the step may be performed again."""


class MaybeSent(msgspec.Struct, frozen=True):
    """The frame may have left under this id: only receipts can tell."""

    message_id: str


class Unknowable(msgspec.Struct, frozen=True):
    """Nothing can be told; the step ends as outcome_unknown."""

    reason: str


Settlement = NeverSent | MaybeSent | Unknowable


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The finished request as the API shows it: `body` is JSON, `warnings` codes for the reader."""

    status: int
    body: bytes


class Executor(Protocol):
    """Carries requests out. Raises WaypostError for what failed (its fault says whether a retry helps) and
    OutcomeUnknown from `perform` when the message may have left."""

    def ready(self, instance_id: str) -> bool:
        """Whether the instance's session is connected now."""
        ...

    def waiting_for(self, instance_id: str) -> Waiting | None:
        """Why the instance's session is not connected, here or at the node that holds it; None when it is."""
        ...

    def is_message(self, request: Request) -> bool:
        """Whether it sends a message, and is not only seen for a moment (typing)."""
        ...

    async def prepare(self, request: Request) -> Stage:
        """Fetch, check and convert; needs no connection."""
        ...

    async def stage(self, request: Request) -> Stage:
        """Ask about the recipient and upload; needs a connection. `request.prepared` holds what `prepare`
        found."""
        ...

    def steps(self, request: Request) -> Sequence[str]:
        """The names of the messages that the request sends, in order (`note`, `caption`); read from
        `staged`.
        """
        ...

    def showing(self, request: Request) -> Showing | None:
        """What is shown before its first message; read from `staged`."""
        ...

    async def show(self, request: Request, showing: Showing) -> None:
        """Show that, and return when its time is over. Raises EngineError."""
        ...

    def mark(self, request: Request) -> Mark:
        """The engine store that `perform` would send with now. Raises EngineError(NOT_CONNECTED)."""
        ...

    async def perform(self, request: Request, step: Step, done: Sequence[Step]) -> Performed:
        """Send the message of `step` with `step.secret`; `done` are the steps before it."""
        ...

    async def settle(self, request: Request, step: Step) -> Settlement:
        """What became of a send of `step` that nobody saw the end of. Raises EngineError while it can't be
        told."""
        ...

    def recovered(self, request: Request, step: Step, message_id: str) -> Performed:
        """The `Performed` of a step whose ack was lost and whose receipt proves that it was sent."""
        ...

    def finish(self, request: Request, steps: Sequence[Step]) -> Answer:
        """The answer of a request whose first step was sent (a later step may have failed)."""
        ...
