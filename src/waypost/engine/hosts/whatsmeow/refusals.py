"""What the library's error sentences mean for a caller.

The sentences are whatsmeow's and Go's (send.go, upload.go, request.go of the pinned build); none says so as
a type, since the library passes text only. What is not recognised counts as unknown, never as "not sent".
"""

import re
from typing import Final

from waypost.engine.store import FENCED
from waypost.errors import (
    ACCOUNT_UNNAMED,
    ENGINE_REFUSED,
    GROUP_NOT_ADMIN,
    GROUP_NOT_FOUND,
    GROUP_VALUE_REFUSED,
    INVITE_INVALID,
    LOGGED_OUT,
    MEDIA_DOWNLOAD_FAILED,
    MEDIA_GONE,
    MEDIA_UPLOAD_FAILED,
    NOT_CONNECTED,
    NOT_ON_WHATSAPP,
    OUTCOME_UNKNOWN,
    RATE_LIMITED,
    RESTRICTED,
    SERVER_REFUSED,
    STATE_KEY_MISSING,
    EngineError,
)

_SERVER_CODE: Final = re.compile(r"server returned error (\d+)")
# Steps of a send that whatsmeow takes before the frame leaves; "failed to write …" and "failed to send …"
# are not among them.
_BEFORE_FRAME: Final = re.compile(
    r"^failed to (resolve|get|marshal|encrypt|create|fetch|check|prefetch|query|save|add|store|ensure)\b"
)
_NO_GROUP: Final = ("that group does not exist", "you're not participating in that group")
_GONE: Final = ("status code 403", "status code 404", "status code 410")
_STATUS: Final = re.compile(r"info query returned status (\d+)")
_OF_GROUPS: Final = {
    401: GROUP_NOT_ADMIN,
    403: GROUP_NOT_ADMIN,
    404: GROUP_NOT_FOUND,
    406: GROUP_VALUE_REFUSED,
    410: INVITE_INVALID,
}
_OFFLINE: Final = (
    "websocket not connected",
    "websocket disconnected",
    "timed out",
    "failed to dial",
    "i/o timeout",
    "EOF",
)
# The session's store is out of reach for a moment: Go's database/sql, its driver (pq), and the network's own
# words.
_STORE_AWAY: Final = (
    "bad connection",
    "connection refused",
    "connection reset by peer",
    "broken pipe",
    "terminating connection",
    "the database system is",
    "too many clients",
)


def of_send(error: str) -> EngineError:
    """The failure of a send. The fault OUTCOME_UNKNOWN says that the frame may have left."""
    refused = _SERVER_CODE.search(error)
    if refused is not None:
        return _refused(int(refused[1]))
    if "no LID found for" in error:
        return EngineError(NOT_ON_WHATSAPP)
    if "the store doesn't contain a device JID" in error:
        return EngineError(LOGGED_OUT)
    if error == "failed to send message node: websocket not connected":
        return EngineError(NOT_CONNECTED)
    if error.startswith("failed to get group members") and error.endswith(_NO_GROUP):
        return EngineError(GROUP_NOT_FOUND)
    if _BEFORE_FRAME.match(error) and FENCED in error:
        return EngineError(NOT_CONNECTED, "Another node holds the instance.")
    if _BEFORE_FRAME.match(error):
        passes = _offline(error) or any(sign in error for sign in _STORE_AWAY)
        return EngineError(NOT_CONNECTED if passes else ENGINE_REFUSED, plain(error))
    return EngineError(OUTCOME_UNKNOWN, plain(error))


def of_upload(error: str) -> EngineError:
    """The failure of an upload: nothing was sent."""
    if "failed to refresh media connections" in error and _offline(error):
        return EngineError(NOT_CONNECTED)
    return EngineError(MEDIA_UPLOAD_FAILED, plain(error))


def of_download(error: str) -> EngineError:
    """The failure of a download. 403, 404 and 410 say that the servers no longer keep the file."""
    if any(sign in error for sign in _GONE):
        return EngineError(MEDIA_GONE)
    if "failed to refresh media connections" in error and _offline(error):
        return EngineError(NOT_CONNECTED)
    return EngineError(MEDIA_DOWNLOAD_FAILED, plain(error))


def of_query(error: str) -> EngineError:
    """The failure of a question to the server."""
    if "429" in error or "rate-overlimit" in error:
        return EngineError(RATE_LIMITED)
    if "without PushName set" in error:
        return EngineError(ACCOUNT_UNNAMED)
    if _offline(error):
        return EngineError(NOT_CONNECTED)
    return EngineError(SERVER_REFUSED, plain(error))


def of_account(error: str) -> EngineError:
    """The failure of a question about the account itself, or of a change to it."""
    if "no app state keys found" in error:
        return EngineError(STATE_KEY_MISSING)
    return of_query(error)


def of_group(error: str) -> EngineError:
    """The failure of a question about a group or of a change to it. The fault GROUP_NOT_ADMIN may as well
    mean that the account is not in the group: the server answers both with 403."""
    if error.endswith(_NO_GROUP):
        return EngineError(GROUP_NOT_FOUND)
    if "invite link" in error and ("revoked" in error or "not valid" in error):
        return EngineError(INVITE_INVALID)
    status = _STATUS.search(error)
    fault = _OF_GROUPS.get(int(status[1])) if status is not None else None
    if fault is not None:
        return EngineError(fault)
    if "permission to get" in error:
        return EngineError(GROUP_NOT_ADMIN)
    if "not a valid image" in error:
        return EngineError(GROUP_VALUE_REFUSED, "The picture has to be a JPEG.")
    return of_query(error)


def no_picture(error: str) -> bool:
    """Whether a question about a picture says that there is none."""
    return "does not have a profile picture" in error


def _refused(code: int) -> EngineError:
    fault = {463: RESTRICTED, 429: RATE_LIMITED}.get(code, SERVER_REFUSED)
    return EngineError(fault, f"The code is {code}.", server_code=code)


def _offline(error: str) -> bool:
    return any(sign in error for sign in _OFFLINE)


def plain(error: str) -> str:
    """The sentence without addresses (they name people) and without URLs (they carry tokens)."""
    hidden = re.sub(r"(https?|postgres(ql)?)://\S+", "<url>", error)
    return re.sub(r"\S+@(s\.whatsapp\.net|lid|g\.us)\S*", "<jid>", hidden)[:300]
