"""The library's events as those of the port.

Numbers of events are those of the pinned neonize (`events.py`); scripts/upgrade compares them.
"""

import hashlib
from typing import Any, Final

from neonize.proto import Neonize_pb2 as proto

from waypost.engine.hosts.whatsmeow import account_events, group_events, messages, offers
from waypost.engine.hosts.whatsmeow.jids import id_of, to_text
from waypost.engine.port import EngineEvent, ReceiptArrived, SessionState, StateChanged

PAIR_STATUS: Final = 2
CONNECTED: Final = 3
LOGGED_OUT: Final = 6
_REPLACED: Final = 7
_BANNED: Final = 8
CONNECT_FAILURE: Final = 9
OUTDATED: Final = 10
_DISCONNECTED: Final = 12
_MESSAGE: Final = 17
_RECEIPT: Final = 18
_JOINED_GROUP: Final = 21
_GROUP: Final = 22
_PICTURE: Final = 23
_CHAT_PRESENCE: Final = 19
_PRESENCE: Final = 20
_CALL: Final = 36
_GROUP_CALL: Final = 40
_UNDECRYPTABLE: Final = 44

SESSION_EVENTS: Final = bytes(
    [
        CONNECTED,
        LOGGED_OUT,
        _REPLACED,
        _BANNED,
        CONNECT_FAILURE,
        OUTDATED,
        _DISCONNECTED,
        _MESSAGE,
        _RECEIPT,
        _JOINED_GROUP,
        _GROUP,
        _PICTURE,
        _CHAT_PRESENCE,
        _PRESENCE,
        _CALL,
        _GROUP_CALL,
        _UNDECRYPTABLE,
    ]
)
PAIRING_EVENTS: Final = bytes([PAIR_STATUS, CONNECTED, LOGGED_OUT, CONNECT_FAILURE, OUTDATED])

_RECEIPT_KINDS: Final = {
    "DELIVERED": "delivered",
    "SENDER": "sender",
    "RETRY": "retry",
    "READ": "read",
    "READ_SELF": "read-self",
    "PLAYED": "played",
    "PLAYED_SELF": "played-self",
    "INACTIVE": "inactive",
}


def translate(code: int, data: bytes, instance_id: str, at: float) -> EngineEvent | None:
    """One event of the library; None for what is not for applications."""
    match code:
        case _ if code == _MESSAGE:
            return messages.arrived(proto.Message.FromString(data), instance_id, at)
        case _ if code == _UNDECRYPTABLE:
            return messages.undecrypted(proto.UndecryptableMessage.FromString(data), instance_id, at)
        case _ if code == _PRESENCE:
            return account_events.presence(proto.Presence.FromString(data), instance_id, at)
        case _ if code == _CHAT_PRESENCE:
            return account_events.chat_presence(proto.ChatPresence.FromString(data), instance_id, at)
        case _ if code == _CALL:
            return offers.offered(proto.CallOffer.FromString(data), instance_id, at)
        case _ if code == _GROUP_CALL:
            return offers.noticed(proto.CallOfferNotice.FromString(data), instance_id, at)
        case _ if code == _JOINED_GROUP:
            return group_events.joined(proto.JoinedGroup.FromString(data), data, instance_id, at)
        case _ if code == _GROUP:
            return group_events.changed(proto.GroupInfoEvent.FromString(data), data, instance_id, at)
        case _ if code == _PICTURE:
            return group_events.picture(proto.Picture.FromString(data), data, instance_id, at)
        case _ if code == _RECEIPT:
            return _receipt(proto.Receipt.FromString(data), instance_id, at)
        case _:
            return _state(code, data, instance_id, at)


def _state(code: int, data: bytes, instance_id: str, at: float) -> StateChanged | None:
    until: float | None = None
    state: SessionState
    if code == CONNECTED:
        state, reason = "connected", ""
    elif code == _DISCONNECTED:
        state, reason = "disconnected", "connection_lost"
    elif code == _REPLACED:
        state, reason = "replaced", "connected_elsewhere"
    elif code == OUTDATED:
        state, reason = "outdated", "client_outdated"
    elif code == LOGGED_OUT:
        event = proto.LoggedOut.FromString(data)
        state, reason = "logged_out", _reason(event) if event.OnConnect else "unlinked"
    elif code == _BANNED:
        ban = proto.TemporaryBan.FromString(data)
        state, reason = "banned", proto.TemporaryBan.TempBanReason.Name(ban.Code).lower()
        until = at + _seconds(ban.Expire)
    elif code == CONNECT_FAILURE:
        state, reason = "failed", _reason(proto.ConnectFailure.FromString(data))
    else:
        return None
    return StateChanged(instance_id=instance_id, at=at, state=state, reason=reason, until=until)


def _reason(event: Any) -> str:
    return str(proto.ConnectFailureReason.Name(event.Reason)).lower()


def _seconds(duration: int) -> float:
    """A Go duration (nanoseconds) or plain seconds."""
    return duration / 1e9 if duration >= 10**9 else float(duration)


def _receipt(event: Any, instance_id: str, at: float) -> ReceiptArrived:
    kind = _RECEIPT_KINDS.get(proto.Receipt.ReceiptType.Name(event.Type), "other")
    source = event.MessageSource
    chat, participant = to_text(source.Chat) or "", to_text(source.Sender) or ""
    ids = [id_of(id) for id in event.MessageIDs]
    digest = hashlib.sha256("\0".join([kind, chat, participant, str(event.Timestamp), *ids]).encode())
    return ReceiptArrived(
        instance_id=instance_id,
        at=at,
        key=f"receipt:{digest.hexdigest()[:32]}",
        kind=kind,  # type: ignore[arg-type]
        chat=chat,
        participant=participant,
        message_ids=ids,
        timestamp=event.Timestamp,
    )
