"""A queued request as the API shows it."""

from collections.abc import Sequence
from email.utils import formatdate
from typing import Any, Literal

import msgspec

from waypost.api.replies import error_body
from waypost.clock import iso
from waypost.errors import INTERNAL, TABLE, Fault
from waypost.outbox.request import Failure, Receipt, Request, RequestState

Status = Literal["queued", "preparing", "sending", "sent", "failed", "cancelled"]


class RequestError(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request failed, or why it waits to be tried again."""

    code: str
    message: str
    retryable: bool


class ParticipantReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """How far one member of a group is with a message."""

    participant: str
    status: Literal["PENDING", "SENT", "DELIVERED", "READ", "PLAYED", "ERROR"]
    at: str


class QueuedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted call and what became of it. The three `response_…` are null until it is finished."""

    uuid: str
    request: dict[str, Any]
    response_status: int | None
    response_body: dict[str, Any] | None
    response_header: dict[str, list[str]] | None
    status: Status
    endpoint: str
    error: RequestError | None
    attempts: int
    next_attempt_at: str | None
    waiting_for: str | None
    message_status: Literal["PENDING", "SENT", "DELIVERED", "READ", "PLAYED", "ERROR"] | None
    created_at: str
    finished_at: str | None
    request_id: str | None = None
    """The X-Request-Id of the call; log lines and webhooks that come of it carry it too."""
    participants: list[ParticipantReceipt] | None = None
    """Of a message to a group: who has told how far it is, the last first. Not in lists."""


class QueuedRequestPage(msgspec.Struct, frozen=True, kw_only=True):
    """Queued requests, newest first; `next_cursor` leads to older ones."""

    data: list[QueuedRequest]
    next_cursor: str | None


def view(request: Request, receipts: Sequence[Receipt] | None = None) -> dict[str, Any]:
    """`request` in the shape of QueuedRequest, its stored JSON passed on as it is; `receipts` of a message to
    a group."""
    finished = request.finished_at is not None and request.state.finished
    failure = request.failure
    return {
        "uuid": request.uuid,
        "request": msgspec.Raw(request.request),
        "response_status": request.response_status if finished else None,
        "response_body": _response_body(request) if finished else None,
        "response_header": _response_header(request.finished_at or 0.0) if finished else None,
        "status": request.state.value,
        "endpoint": request.operation,
        "error": failure
        and {"code": failure.code, "message": failure.message, "retryable": failure.retryable},
        "attempts": request.attempts,
        "next_attempt_at": _iso(request.next_attempt_at),
        "waiting_for": request.waiting_for,
        "message_status": request.message_status,
        "created_at": iso(request.created_at),
        "finished_at": _iso(request.finished_at),
        "request_id": request.request_id,
        "participants": None if receipts is None else [_participant(one) for one in receipts],
    }


def _participant(receipt: Receipt) -> dict[str, Any]:
    return {"participant": receipt.participant, "status": receipt.status, "at": iso(receipt.at)}


def _response_body(request: Request) -> Any:
    if request.state is not RequestState.SENT and request.failure is not None:
        return _failure_body(request.failure)
    return msgspec.Raw(request.response_body) if request.response_body else None


def _failure_body(failure: Failure) -> dict[str, Any]:
    fault: Fault = TABLE.get(failure.code, INTERNAL)
    fields = {"url_": "url", "message_": "messageId", "otp_": "code"}
    field = next((name for prefix, name in fields.items() if failure.code.startswith(prefix)), "file")
    return error_body(fault, failure.message, failure.facts, field)


def _response_header(at: float) -> dict[str, list[str]]:
    return {"date": [formatdate(at, usegmt=True)], "content-type": ["application/json"]}


def _iso(at: float | None) -> str | None:
    return None if at is None else iso(at)
