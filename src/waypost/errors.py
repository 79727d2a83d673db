"""Every way a call or a request can fail: one table, one exception tree.

A `Fault` is a row of the table: its code is stable and part of the API, its status is what HTTP (or
`response_status`) shows, its sentence says what to do next, and `retryable` says whether the same call may
succeed later unchanged.

    WaypostError                 carries a Fault, an optional detail for the caller, and facts (JSON values)
    ├── ApiError                 the call itself: unknown route, bad token, malformed body
    ├── InvalidRequest           the fields of a call (field name → sentences)
    ├── FetchError               a URL that a caller named
    ├── VoiceError               audio that can't become a voice note
    ├── MediaError               a picture, a video or a document that can't be sent as such
    ├── EngineError              the session or the network behind it
    │   └── OutcomeUnknown       a send whose frame may have left
    ├── OutboxError              the life of an accepted request
    ├── OtpError                 a one-time code that is no good
    ├── InstanceError            what an instance may do in its present state
    ├── StorageError             the database or the disk
    └── SandboxError             the emulated network's control API
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the table of errors."""

    code: str
    status: int
    sentence: str
    retryable: bool = False


# --- the call itself ------------------------------------------------------------------------------
UNAUTHENTICATED: Final = Fault("unauthenticated", 401, "Unauthenticated.")
FORBIDDEN: Final = Fault(
    "forbidden", 403, "This token may not do that; use one with the scope that the call needs."
)
FOREIGN_FORM: Final = Fault(
    "foreign_form",
    403,
    "This form did not come from a page of this sign-in; reload the page and send it again.",
)
NOT_FOUND: Final = Fault("not_found", 404, "Nothing is here; check the path and the ids in it.")
INSTANCE_NOT_FOUND: Final = Fault("instance_not_found", 404, "Instance not found.")
REQUEST_NOT_FOUND: Final = Fault("request_not_found", 404, "Queued request not found.")
WEBHOOK_NOT_FOUND: Final = Fault("webhook_not_found", 404, "Webhook not found.")
DELIVERY_NOT_FOUND: Final = Fault(
    "delivery_not_found", 404, "Delivery not found; what was delivered long ago is forgotten."
)
WEBHOOKS_FULL: Final = Fault(
    "webhooks_full", 422, "This instance has as many webhooks as it may; delete one first."
)
STREAMS_FULL: Final = Fault(
    "streams_full", 503, "Too many streams of events are open; close some of them.", retryable=True
)
METHOD_NOT_ALLOWED: Final = Fault("method_not_allowed", 405, "This path does not take that method.")
BODY_TIMEOUT: Final = Fault(
    "body_timeout", 408, "The body of the call did not arrive in time; send it again.", retryable=True
)
TOO_LARGE: Final = Fault("too_large", 413, "The file is larger than this server accepts; send a smaller one.")
UNSUPPORTED_MEDIA_TYPE: Final = Fault(
    "unsupported_media_type", 415, "Send JSON, multipart/form-data or application/x-www-form-urlencoded."
)
MALFORMED: Final = Fault(
    "malformed", 400, "The body can't be read; check that it is what its content type says."
)
NOT_HTTP: Final = Fault(
    "not_http",
    400,
    "This is no call that can be read; check that the address begins with http:// or https:// as the gateway"
    " is reached, and that its headers are below 64 kB.",
)
INVALID: Final = Fault("invalid", 422, "The given data was invalid.")
IDEMPOTENCY_MISMATCH: Final = Fault(
    "idempotency_mismatch",
    422,
    "This Idempotency-Key was used with other content; use a new key for a new request.",
)
TOO_MANY: Final = Fault(
    "too_many_requests", 429, "Too many requests; wait as Retry-After says.", retryable=True
)
INTERNAL: Final = Fault(
    "internal", 500, "Something went wrong here; the log of the gateway says what.", retryable=True
)
DRAINING: Final = Fault(
    "draining", 503, "This gateway is shutting down; try again in a moment.", retryable=True
)
NOT_IMPLEMENTED: Final = Fault("not_implemented", 501, "This gateway can't do that.")

# --- a URL that a caller named --------------------------------------------------------------------
URL_INVALID: Final = Fault(
    "url_invalid", 422, "The url must be an absolute http or https address without credentials."
)
URL_REFUSED: Final = Fault(
    "url_refused",
    422,
    "The url leads to an address that this gateway does not fetch from; the operator can allow it"
    " with WAYPOST_FETCH_ALLOW.",
)
WEBHOOK_REFUSED: Final = Fault(
    "webhook_refused",
    422,
    "The url leads to an address that this gateway does not deliver events to; the operator can allow it"
    " with WAYPOST_WEBHOOK_ALLOW.",
)
URL_UNREACHABLE: Final = Fault("url_unreachable", 422, "The url could not be fetched.", retryable=True)
URL_NOT_AUDIO_PAGE: Final = Fault(
    "url_is_a_page",
    422,
    "The url answered with a web page (perhaps a login page), not with a file; use a direct link.",
)
URL_TOO_LARGE: Final = Fault(
    "url_too_large", 422, "The file behind the url is larger than this server accepts."
)

# --- audio ----------------------------------------------------------------------------------------
EMPTY_FILE: Final = Fault("empty_file", 422, "The file is empty.")
NOT_AUDIO: Final = Fault("not_audio", 422, "The file is not audio; send for example mp3, m4a, ogg or wav.")
NO_AUDIO_TRACK: Final = Fault("no_audio_track", 422, "The file has no audio track.")
UNSUPPORTED_FORMAT: Final = Fault(
    "unsupported_format", 422, "This kind of file is not supported; convert it to mp3, m4a, ogg or wav."
)
UNSUPPORTED_RATE: Final = Fault(
    "unsupported_rate", 422, "The sample rate is outside of what is accepted (4 to 192 kHz)."
)
TOO_MANY_CHANNELS: Final = Fault(
    "too_many_channels", 422, "The audio has too many channels; mix it down first."
)
TOO_LONG: Final = Fault("too_long", 422, "The audio is longer than a voice note may be; send a shorter one.")
TOO_COSTLY: Final = Fault(
    "too_costly", 422, "Converting this file takes more time or memory than is allowed."
)
CORRUPT_AUDIO: Final = Fault(
    "corrupt_audio", 422, "The audio is damaged: a large part of it can't be decoded."
)
PREVIEWS_FULL: Final = Fault(
    "previews_full", 503, "Others are listening to notes before they send them; try again.", retryable=True
)
VOICE_WORKER_DIED: Final = Fault(
    "voice_worker_died", 422, "The audio brought its converter down; it is not accepted."
)
NOT_NATIVE: Final = Fault("not_native", 422, "The file is not a native voice note.")

# --- pictures and videos --------------------------------------------------------------------------
FILE_TOO_LARGE: Final = Fault(
    "file_too_large", 422, "The file is larger than WhatsApp takes for this kind of message."
)
NOT_IMAGE: Final = Fault(
    "not_image", 422, "The file is not an image; send jpeg, png, webp, gif, bmp or avif, or use send-file."
)
TOO_MANY_PIXELS: Final = Fault(
    "too_many_pixels", 422, "The image has more pixels than is accepted; send a smaller one."
)
CORRUPT_IMAGE: Final = Fault("corrupt_image", 422, "The image is damaged: it can't be decoded.")
NOT_VIDEO: Final = Fault("not_video", 422, "The file is not a video; send mp4, mov or mkv, or use send-file.")
NO_VIDEO_TRACK: Final = Fault("no_video_track", 422, "The file has no video track.")
UNSUPPORTED_VIDEO: Final = Fault(
    "unsupported_video",
    422,
    "Phones play H.264 video with AAC sound and no other (in mp4, mov or mkv); convert it, or use send-file.",
)
CORRUPT_VIDEO: Final = Fault("corrupt_video", 422, "The video is damaged: it can't be read.")
NOT_PAGE: Final = Fault("not_page", 422, "What is behind the link is not a web page.")
MEDIA_WORKER_DIED: Final = Fault(
    "media_worker_died", 422, "The file brought its reader down; it is not accepted."
)

# --- the recipient, the session, the network ------------------------------------------------------
NOT_ON_WHATSAPP: Final = Fault(
    "not_on_whatsapp", 404, "The number you want to send the message to is not on whatsapp."
)
NOT_CONNECTED: Final = Fault(
    "not_connected", 503, "The instance is not connected; it is tried again when it is.", retryable=True
)
SESSION_BUSY: Final = Fault(
    "session_busy",
    503,
    "An earlier message of this instance still waits for WhatsApp's acknowledgement.",
    retryable=True,
)
LOGGED_OUT: Final = Fault(
    "logged_out", 500, "The instance was logged out; connect it again by scanning a new QR code."
)
ENGINE_DIED: Final = Fault(
    "engine_died", 503, "The engine process ended; it is started again.", retryable=True
)
GROUP_NOT_FOUND: Final = Fault(
    "group_not_found", 404, "That group does not exist, or this account is not in it."
)
GROUP_NOT_ADMIN: Final = Fault(
    "group_not_admin", 403, "This account may not do that in the group: only its admins may."
)
GROUP_VALUE_REFUSED: Final = Fault(
    "group_value_refused", 422, "WhatsApp does not accept that subject, description or picture."
)
INVITE_INVALID: Final = Fault("invite_invalid", 404, "That invite link is not valid, or it was revoked.")
ENGINE_REFUSED: Final = Fault("engine_refused", 500, "The engine refused to send this message.")
MESSAGE_NOT_FOUND: Final = Fault(
    "message_not_found", 404, "No message with that id is known; give its whole id to name it all the same."
)
MESSAGE_NOT_OWN: Final = Fault(
    "message_not_own",
    422,
    "In a chat of two, only a message that this account sent can be deleted for everyone.",
)
MESSAGE_NOT_EDITABLE: Final = Fault(
    "message_not_editable",
    422,
    "Only a text or a caption that this account sent in the last 20 minutes can be edited.",
)
MESSAGE_NOT_FORWARDABLE: Final = Fault(
    "message_not_forwardable",
    422,
    "It can't be passed on: it was deleted, may be seen once, or is no message of its own.",
)
ACCOUNT_UNNAMED: Final = Fault(
    "account_unnamed",
    503,
    "WhatsApp has not told this device the account's name yet, and shows nobody without one as online.",
    retryable=True,
)
CONTACT_NOT_FOUND: Final = Fault("contact_not_found", 404, "Contact not found.")
STATE_KEY_MISSING: Final = Fault(
    "state_key_missing",
    503,
    "The phone has not shared the key of the account's settings with this device yet; open WhatsApp on it.",
    retryable=True,
)
PICTURE_REFUSED: Final = Fault(
    "picture_refused", 422, "WhatsApp takes only a JPEG as picture; convert it and send it again."
)
CONTENT_INVALID: Final = Fault(
    "content_invalid", 500, "The message could not be put together; this is a defect of Waypost."
)
STORE_NOT_WRITABLE: Final = Fault(
    "store_not_writable",
    503,
    "The session store can't be written, perhaps the disk is full; nothing was sent.",
    retryable=True,
)
SERVER_REFUSED: Final = Fault("server_refused", 500, "WhatsApp refused the message.", retryable=True)
RESTRICTED: Final = Fault(
    "restricted", 423, "WhatsApp does not let this account open new chats for now.", retryable=True
)
BANNED: Final = Fault("banned", 423, "WhatsApp has banned this account for a time.", retryable=True)
CLIENT_OUTDATED: Final = Fault(
    "client_outdated",
    503,
    "WhatsApp no longer accepts this version of the engine; upgrade Waypost: git pull && make serve.",
    retryable=True,
)
PACING: Final = Fault(
    "pacing", 429, "The instance leaves a gap between messages to new chats.", retryable=True
)
MINUTE_CAP: Final = Fault(
    "minute_cap", 429, "The instance has sent what its pacing allows in a minute.", retryable=True
)
DAILY_CAP: Final = Fault(
    "daily_cap", 429, "The instance has sent what its pacing allows in 24 hours.", retryable=True
)
FIRST_CONTACT: Final = Fault(
    "first_contact",
    429,
    "The instance has opened as many new chats as its pacing allows in 24 hours.",
    retryable=True,
)
WARM_UP: Final = Fault(
    "warm_up",
    429,
    "The instance is young: its pacing allows only a part of the daily limits yet.",
    retryable=True,
)
BREAKER: Final = Fault(
    "breaker",
    429,
    "WhatsApp refused several messages of the instance in a row; its pacing lets none go for a while.",
    retryable=True,
)
RATE_LIMITED: Final = Fault("rate_limited", 429, "WhatsApp asks this account to slow down.", retryable=True)
MEDIA_UPLOAD_FAILED: Final = Fault(
    "media_upload_failed", 500, "The media could not be uploaded to WhatsApp.", retryable=True
)
MEDIA_DOWNLOAD_FAILED: Final = Fault(
    "media_download_failed", 502, "The media could not be downloaded from WhatsApp.", retryable=True
)
MEDIA_GONE: Final = Fault(
    "media_gone", 410, "The media is no longer kept, neither here nor by WhatsApp's servers."
)
MEDIA_TOO_LARGE: Final = Fault(
    "media_too_large",
    413,
    "The media is larger than this gateway keeps; the operator can allow more with WAYPOST_MEDIA_MAX_BYTES.",
)
OUTCOME_UNKNOWN: Final = Fault(
    "outcome_unknown",
    500,
    "The message may or may not have been sent; it is not sent again by itself, to never arrive twice.",
)
UNDECRYPTABLE: Final = Fault(
    "undecryptable", 500, "The recipient could not decrypt the message and it could not be sent again."
)
ENGINE_UNUSABLE: Final = Fault(
    "engine_unusable", 500, "The engine library is missing or not the one that was pinned."
)
PAIRING_FAILED: Final = Fault(
    "pairing_failed", 500, "Pairing did not finish; ask for a new QR code and try again.", retryable=True
)
SANDBOX_UNREACHABLE: Final = Fault(
    "sandbox_unreachable",
    503,
    "The sandbox does not answer; start it with `waypost sandbox serve`.",
    retryable=True,
)
SANDBOX_UNSUPPORTED: Final = Fault(
    "sandbox_unsupported",
    501,
    "On this system the engine can't be redirected to the sandbox; use Linux or a container.",
)

# --- an accepted request --------------------------------------------------------------------------
EXPIRED: Final = Fault("expired", 500, "The request was not sent within the time set and has expired.")
RESTORED: Final = Fault(
    "restored",
    500,
    "The request had not ended in the backup that was restored; it may have been sent since.",
)
CANCELLED: Final = Fault("cancelled", 500, "The request was cancelled before it was sent.")
INSTANCE_DELETED: Final = Fault(
    "instance_deleted", 500, "The instance was deleted before the request was sent."
)
NOT_CANCELLABLE: Final = Fault(
    "not_cancellable", 409, "The request is being sent or has finished; it can't be cancelled."
)
NOT_RETRYABLE: Final = Fault("not_retryable", 409, "Only a failed or cancelled request can be retried.")
RETRY_NEEDS_FORCE: Final = Fault(
    "retry_needs_force",
    409,
    "The message may have been sent already; add ?force=true to send it again all the same.",
)
BLOB_GONE: Final = Fault(
    "file_gone", 410, "The file of this request is no longer kept; send it as a new request."
)
QUEUE_FULL: Final = Fault(
    "queue_full", 503, "The queue of this gateway is full; try again in a moment.", retryable=True
)
INSTANCE_QUEUE_FULL: Final = Fault(
    "instance_queue_full",
    429,
    "The queue of this instance is full; wait as Retry-After says.",
    retryable=True,
)

# --- instances ------------------------------------------------------------------------------------
NAME_TAKEN: Final = Fault("name_taken", 422, "The name has already been taken.")
ALREADY_CONNECTED: Final = Fault(
    "already_connected", 409, "The instance is connected; log it out first to pair it again."
)
NOT_HELD: Final = Fault(
    "not_held",
    503,
    "No node of this gateway keeps the instance's session right now; try again in a moment.",
    retryable=True,
)
WRONG_NUMBER: Final = Fault(
    "wrong_number", 409, "Another number scanned the QR code; scan it with the number of this instance."
)

# --- one-time codes -------------------------------------------------------------------------------
OTP_NONE: Final = Fault("otp_none", 422, "No code was asked for with this chatId; ask for one first.")
OTP_WRONG: Final = Fault("otp_wrong", 422, "The code is wrong.")
OTP_SPENT: Final = Fault(
    "otp_spent", 422, "Too many wrong codes were tried; ask for a new code to try again."
)
OTP_EXPIRED: Final = Fault("otp_expired", 422, "The code has expired; ask for a new one.")
OTP_USED: Final = Fault("otp_used", 422, "The code was used already; ask for a new one.")

# --- the database, the disk, the sandbox ----------------------------------------------------------
STORAGE_UNAVAILABLE: Final = Fault(
    "storage_unavailable", 503, "The database can't be written; nothing was accepted.", retryable=True
)
PORT_TAKEN: Final = Fault(
    "port_taken",
    503,
    "The address can't be listened on; stop what runs there or choose another WAYPOST_HOST or WAYPOST_PORT.",
)
DATA_FOLDER_BUSY: Final = Fault(
    "data_folder_busy",
    503,
    "Another gateway runs on this data folder; stop it or choose another WAYPOST_DATA.",
)
DATA_FOLDER_UNUSABLE: Final = Fault(
    "data_folder_unusable",
    503,
    "The data folder can't be written; give this user the right to, or choose another WAYPOST_DATA.",
)
DATA_FOLDER_NOT_EMPTY: Final = Fault(
    "data_folder_not_empty", 409, "The data folder holds something; restore into an empty or a new one."
)
BACKUP_UNUSABLE: Final = Fault("backup_unusable", 422, "The backup can't be written or used.")
DATABASE_TOO_NEW: Final = Fault(
    "database_too_new", 503, "The database was written by a newer Waypost; start that release."
)
DATABASE_UNSAFE: Final = Fault(
    "database_unsafe",
    503,
    "The database answers before it has stored; set synchronous_commit to on for Waypost's role or database.",
)
DATABASE_TOO_SMALL: Final = Fault(
    "database_too_small",
    503,
    "The database server allows fewer connections than the instances may need; raise its max_connections.",
)
SANDBOX_NO_SUCH: Final = Fault(
    "sandbox_no_such", 404, "The sandbox does not know that number; create it first."
)
SANDBOX_CONFLICT: Final = Fault("sandbox_conflict", 409, "The sandbox can't do that now.")
SANDBOX_INVALID: Final = Fault("sandbox_invalid", 422, "The sandbox can't read that call.")
SANDBOX_FOLDER: Final = Fault(
    "sandbox_folder", 503, "The sandbox can't use that data folder; name another with --data."
)
SANDBOX_FORBIDDEN: Final = Fault(
    "sandbox_forbidden", 403, "The sandbox is spoken to from this machine only, by its loopback address."
)
SANDBOX_PROTOCOL: Final = Fault(
    "sandbox_protocol", 400, "A peer of the sandbox does not speak WhatsApp's protocol."
)

TABLE: Final[Mapping[str, Fault]] = {
    row.code: row for row in list(globals().values()) if isinstance(row, Fault)
}


class WaypostError(Exception):
    """Root of all failures that a caller may see.

    `detail` is one more sentence about this very case; `facts` are JSON values rendered beside it. Neither
    may hold a secret, a file's content or a message's text.
    """

    def __init__(self, fault: Fault, detail: str | None = None, **facts: Any) -> None:
        super().__init__(fault.sentence if detail is None else f"{fault.sentence} {detail}")
        self.fault = fault
        self.detail = detail
        self.facts: Mapping[str, Any] = facts

    @property
    def code(self) -> str:
        """The stable code of the table."""
        return self.fault.code

    @property
    def message(self) -> str:
        """The sentence of the table, and the detail of this case where there is one."""
        return str(self)


class ApiError(WaypostError):
    """The call itself can't be served."""


class InvalidRequest(WaypostError):
    """The fields of a call are wrong: `errors` maps a field's name to sentences."""

    def __init__(self, errors: Mapping[str, list[str]], fault: Fault = INVALID) -> None:
        super().__init__(fault)
        self.errors = errors


class FetchError(WaypostError):
    """A URL that a caller named can't be fetched, or must not be."""


class VoiceError(WaypostError):
    """Audio that can't become a voice note."""


class MediaError(WaypostError):
    """The file can't be sent as a picture, a video or a document."""


class EngineError(WaypostError):
    """The session, the engine process or the network behind it failed; nothing was sent."""


class OutcomeUnknown(EngineError):
    """A send ended without an answer after its frame may have left; `message_id` where it is known."""

    def __init__(self, message_id: str | None = None, detail: str | None = None) -> None:
        super().__init__(OUTCOME_UNKNOWN, detail)
        self.message_id = message_id


class Refused(EngineError):
    """The server has refused a message; `message_id` is the id that it had, where that is known."""

    def __init__(
        self, fault: Fault, detail: str | None = None, message_id: str | None = None, **facts: Any
    ) -> None:
        super().__init__(fault, detail, **facts)
        self.message_id = message_id


class OutboxError(WaypostError):
    """An accepted request can't go where it was asked to."""


class OtpError(WaypostError):
    """A one-time code that is wrong, too late or used."""


class InstanceError(WaypostError):
    """An instance can't do that in its present state."""


class StorageError(WaypostError):
    """The database or the disk failed."""


class SandboxError(WaypostError):
    """The sandbox's control API refused a call."""
