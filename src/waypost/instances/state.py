"""What state an instance can be in, and the closed list of reasons for it."""

from enum import StrEnum
from typing import Final

from waypost.errors import CLIENT_OUTDATED


class InstanceState(StrEnum):
    """The states that clients of the API know.

    PENDING        created, nothing begun yet
    STOPPED        not connected on purpose (logged out by its owner)
    STARTING       connecting, or connecting again
    SCAN_QR_CODE   somebody has to scan the QR code
    WORKING        connected
    FAILED         not connected, and it will not heal by itself; the reason says what to do
    """

    PENDING = "PENDING"
    STOPPED = "STOPPED"
    STARTING = "STARTING"
    SCAN_QR_CODE = "SCAN_QR_CODE"
    WORKING = "WORKING"
    FAILED = "FAILED"


ENTER_CODE: Final = "enter_pairing_code"

# Every code that `reason` may have, with its sentence. Codes are part of the API: they are never renamed.
REASONS: Final[dict[str, str]] = {
    "": "",
    "created": "The instance was just created.",
    "scan_qr_code": "Open WhatsApp on the phone, Linked devices, Link a device, and scan the QR code.",
    ENTER_CODE: "Open WhatsApp on the phone, Linked devices, Link a device, Link with phone number, and "
    "type the code.",
    "pairing": "A code is being fetched.",
    "pairing_expired": "Nobody scanned the QR code in time; ask for a new one.",
    "pairing_failed": "Pairing did not finish; ask for a new QR code and try again.",
    "wrong_number": "Another number scanned the QR code and was logged out; scan it with the instance's own.",
    "connecting": "The session is being connected.",
    "connection_lost": "The connection was lost; it is made again by itself.",
    "logged_out": "The device was unlinked on the phone, or its keys are not here; connect it again by "
    "scanning a new QR code.",
    "logged_out_here": "The instance was logged out through the API.",
    "replaced": "The session was opened elsewhere with the same keys; restart the instance to take it back.",
    "banned": "WhatsApp has banned this account for a time; it is tried again when that has passed.",
    "outdated": CLIENT_OUTDATED.sentence,
    "sandbox_unreachable": "The sandbox does not answer; start it with `waypost sandbox serve`.",
    "engine_failed": "The engine could not open the session; the log of the gateway says why.",
}


def sentence(reason: str) -> str:
    """The sentence of a reason code."""
    return REASONS.get(reason, "")
