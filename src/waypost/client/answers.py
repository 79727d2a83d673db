"""What comes back, as types: shared by the client that waits and the one that awaits."""

import uuid as uuids
from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

import httpx
import msgspec

from waypost.client.describe import Outgoing
from waypost.client.errors import ClientError, RequestFailed, refused

R = TypeVar("R")

# A call that may be made twice is made this often at most, with pauses that grow from the first.
TRIES: Final = 4
_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 30.0
_AGAIN: Final = frozenset({429, 502, 503, 504})
# The longest `Prefer: wait` that a gateway honours by default.
WAIT_SECONDS: Final = 60
# Between looks at a request, where the gateway does not wait.
_LOOK_SECONDS: Final = 1.0
# Beyond what is waited for on purpose.
MARGIN_SECONDS: Final = 30.0

_FINISHED: Final = frozenset({"sent", "failed", "cancelled"})


class Finished(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """A request that was carried out: `result` is its `response_body`, `message_status` how far it has come
    (PENDING to PLAYED), `request` all that is known of it."""

    uuid: str
    result: R
    message_status: str | None
    request: dict[str, Any]


def new_key() -> str:
    """A fresh idempotency key."""
    return str(uuids.uuid4())


def arguments(call: Outgoing, headers: Mapping[str, str], seconds: float) -> dict[str, Any]:
    """The call as httpx takes it."""
    given: dict[str, Any] = {"headers": dict(headers), "timeout": seconds}
    if call.query:
        given["params"] = dict(call.query)
    if call.json is not None:
        given["json"] = dict(call.json)
    if call.file is not None:
        field, name, data = call.file
        given |= {"data": dict(call.form or {}), "files": {field: (name, data)}}
    return given


def is_worth_another_try(status: int) -> bool:
    """Whether the same call may be answered otherwise in a moment."""
    return status in _AGAIN


def pause(tries: int, answer: httpx.Response | None, chance: float) -> float:
    """Seconds before another try, after so many; as the answer says where it does. `chance` is 0 to 1."""
    wanted = None if answer is None else retry_after(answer)
    grown = _FIRST_PAUSE_SECONDS * 2.0 ** (tries - 1) * (0.8 + 0.4 * chance)
    return min(grown if wanted is None else wanted, _LONGEST_PAUSE_SECONDS)


def before_asking_again(asked: float, took: float) -> float:
    """Seconds to let pass when an answer was to wait for `asked` seconds and took so many: a gateway that
    stops, or where too many wait, answers at once."""
    return max(0.0, min(asked, _LOOK_SECONDS) - took)


def retry_after(answer: httpx.Response) -> float | None:
    """The header of that name, in seconds."""
    try:
        return float(answer.headers.get("retry-after", ""))
    except ValueError:
        return None


def read(answer: httpx.Response) -> Any:
    """The JSON of an answer. Raises CallRefused, ClientError."""
    try:
        body = msgspec.json.decode(answer.content) if answer.content else None
    except msgspec.DecodeError:
        url = answer.request.url
        raise ClientError(
            f"Something else than a gateway answers at {url.scheme}://{url.netloc.decode()}"
            f" (status {answer.status_code})."
        ) from None
    if not answer.is_success:
        raise refused(answer.status_code, body, retry_after(answer))
    return body


def converted(body: Any, kind: type[R]) -> R:
    """An answer as its type. Raises ClientError."""
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as wrong:
        raise ClientError(f"The gateway answered what this client does not understand: {wrong}.") from None


def finished(request: dict[str, Any], kind: type[R]) -> Finished[R] | None:
    """A queued request as its end; None when it has none yet. Raises RequestFailed."""
    status = request.get("status")
    if status not in _FINISHED:
        return None
    if status != "sent":
        error = request.get("error") or {}
        raise RequestFailed(
            uuid=str(request.get("uuid")),
            code=str(error.get("code", status)),
            message=str(error.get("message", "The request failed.")),
            retryable=bool(error.get("retryable", False)),
            request=request,
        )
    return Finished(
        uuid=str(request["uuid"]),
        result=converted(request.get("response_body"), kind),
        message_status=request.get("message_status"),
        request=request,
    )
