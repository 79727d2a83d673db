from collections.abc import Mapping
from typing import Any

import msgspec

from waypost.errors import UNDECRYPTABLE
from waypost.outbox.request import Failure, MessageStatus, Request, RequestState

_UNDECRYPTABLE = Failure(
    code=UNDECRYPTABLE.code, message=UNDECRYPTABLE.sentence, retryable=UNDECRYPTABLE.retryable
)


def with_status(request: Request, statuses: Mapping[str, MessageStatus | None]) -> Request:
    """`request` with what receipts have told since: `statuses` by the name of the step, in the order of
    steps.

    The first step's status is the top-level `status` of the body, that of a later step `caption` is in its
    `caption_message`. A message that nobody could decrypt shows why.
    """
    first = next(iter(statuses.values()), None)
    request = msgspec.structs.replace(request, message_status=first)
    if request.state is not RequestState.SENT or request.response_body is None:
        return request
    return msgspec.structs.replace(
        request,
        failure=_UNDECRYPTABLE if first == "ERROR" else request.failure,
        response_body=_body(request.response_body, statuses),
    )


def _body(body: bytes, statuses: Mapping[str, MessageStatus | None]) -> bytes:
    shown: Any = msgspec.json.decode(body)
    if not isinstance(shown, dict):
        return body
    for number, (name, status) in enumerate(statuses.items()):
        part = shown if number == 0 else shown.get(f"{name}_message")
        if status is not None and isinstance(part, dict) and "status" in part:
            part["status"] = status
    return msgspec.json.encode(shown)
