"""A request on its way, as a person watches it: queued, preparing, sending, sent, delivered, read, played."""

from typing import Final, Literal

import msgspec

from waypost.clock import iso
from waypost.dashboard.words import waiting
from waypost.errors import OUTCOME_UNKNOWN, RESTORED
from waypost.outbox.request import Request, RequestState

Mark = Literal["done", "now", "ahead", "failed"]

STAGES: Final = ("queued", "preparing", "sending", "sent", "delivered", "read", "played")
_WORDS: Final = {
    "queued": "Queued",
    "preparing": "Preparing",
    "sending": "Sending",
    "sent": "Sent",
    "delivered": "Delivered",
    "read": "Read",
    "played": "Played",
}
_SAID: Final = {
    "queued": "It is queued: it will be sent, whatever happens to this page.",
    "preparing": "The note is being made and uploaded.",
    "sending": "It is on its way to WhatsApp.",
    "sent": "WhatsApp has it.",
    "delivered": "It has arrived on the recipient's phone.",
    "read": "The recipient has seen it.",
    "played": "The recipient has listened to it.",
}
_OF_STATUS: Final = {"PENDING": "sent", "SENT": "sent", "DELIVERED": "delivered", "READ": "read"}
# It may have been sent: trying again can send it twice, and is not done by one careless click.
_PERHAPS_SENT: Final = frozenset({OUTCOME_UNKNOWN.code, RESTORED.code})


class Stage(msgspec.Struct, frozen=True):
    """A stage and whether it is passed, reached, ahead, or where it ended."""

    name: str
    label: str
    mark: Mark


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request is. `said` is one sentence for everybody, `why` what it waits for or ended with;
    `over` when nothing more will come. `retry`: whether it can be tried again; `risky`: whether that may send
    it twice."""

    uuid: str
    stage: str
    stages: list[Stage]
    said: str
    why: str
    again_at: float | None
    failed: bool
    cancelled: bool
    over: bool
    retry: bool
    risky: bool


def progress(request: Request, *, sound: bool) -> Progress:
    """Where `request` is; only a `sound` can be played."""
    failed = request.state is RequestState.FAILED
    cancelled = request.state is RequestState.CANCELLED
    undone = failed or cancelled or request.message_status == "ERROR"
    stage = _stage(request)
    names = STAGES if sound else STAGES[:-1]
    failure = request.failure
    code = "" if failure is None else failure.code
    return Progress(
        uuid=request.uuid,
        stage=stage,
        stages=[_marked(name, stage, names, undone) for name in names],
        said=_sentence(request, stage),
        why=_why(request),
        again_at=None if request.state.finished else request.next_attempt_at,
        failed=failed or request.message_status == "ERROR",
        cancelled=cancelled,
        over=cancelled or stage == names[-1],
        retry=failed or cancelled,
        risky=code in _PERHAPS_SENT,
    )


def version(shown: Progress) -> str:
    """What differs when there is something new to show."""
    again = "" if shown.again_at is None else iso(shown.again_at)
    return f"{shown.stage} {shown.failed} {shown.cancelled} {shown.why} {again}"


def _stage(request: Request) -> str:
    if request.state is RequestState.SENT:
        status = request.message_status
        return "played" if status == "PLAYED" else _OF_STATUS.get(status or "", "sent")
    if request.state is RequestState.FAILED:
        return "sending" if request.staged else "preparing"
    if request.state is RequestState.CANCELLED:
        return "queued"
    return request.state.value


def _marked(name: str, stage: str, names: tuple[str, ...], undone: bool) -> Stage:
    here, reached = names.index(name), names.index(stage) if stage in names else len(names) - 1
    if here < reached:
        mark: Mark = "done"
    elif here > reached:
        mark = "ahead"
    elif undone:
        mark = "failed"
    else:
        # What was sent is done; what is being prepared is not.
        mark = "done" if reached >= STAGES.index("sent") else "now"
    return Stage(name, _WORDS[name], mark)


def _sentence(request: Request, stage: str) -> str:
    if request.state is RequestState.FAILED:
        return "It was not sent."
    if request.state is RequestState.CANCELLED:
        return "It was cancelled, and not sent."
    if request.message_status == "ERROR":
        return "It was sent, but the recipient's phone could not read it."
    return _SAID[stage]


def _why(request: Request) -> str:
    if request.failure is not None and request.state is not RequestState.SENT:
        return request.failure.message
    return "" if request.state.finished else waiting(request.waiting_for)
