from typing import Any

import msgspec

from waypost.clock import iso
from waypost.events import Event
from waypost.outbox.request import Request
from waypost.outbox.store import Ending


def finished_event(request: Request, ending: Ending) -> Event:
    """That a queued request is finished, with its answer. A request that is retried can finish again, as
    another event.
    """
    failure = ending.failure
    payload: dict[str, Any] = {
        "uuid": request.uuid,
        "endpoint": request.operation,
        "status": ending.state.value,
        "response_status": ending.status,
        "response_body": msgspec.json.decode(ending.body) if ending.body else None,
        "error": failure
        and {"code": failure.code, "message": failure.message, "retryable": failure.retryable},
        "created_at": iso(request.created_at),
        "finished_at": iso(ending.at),
    }
    return Event(
        instance_id=request.instance_id,
        name="queued_request.finished",
        key=f"finished/{request.uuid}/{request.seq}",
        at=ending.at,
        payload=payload,
        chat=request.chat_key,
        request_id=request.request_id,
        traceparent=request.traceparent,
    )
