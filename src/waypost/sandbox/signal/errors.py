from enum import StrEnum

from waypost.sandbox.wire.errors import WireError


class Reason(StrEnum):
    """Why a message did not open. All but a duplicate are answered with a retry receipt."""

    MALFORMED = "malformed"
    NO_SESSION = "no_session"
    UNKNOWN_PREKEY = "unknown_prekey"
    BAD_SIGNATURE = "bad_signature"
    BAD_MAC = "bad_mac"
    TOO_FAR = "too_far"
    DUPLICATE = "duplicate"


class SignalError(WireError):
    """A Signal message, bundle or record that can't be used; nothing was changed."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
