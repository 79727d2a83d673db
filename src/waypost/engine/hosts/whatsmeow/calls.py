"""What can be asked of a session, as calls into the library. Each waits in a thread."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from neonize.proto import Neonize_pb2 as proto

from waypost.engine.hosts.whatsmeow import groups, refusals
from waypost.engine.hosts.whatsmeow.jids import LIDS, to_proto, to_text
from waypost.engine.hosts.whatsmeow.library import Library
from waypost.engine.hosts.whatsmeow.outgoing import message_of, names_of
from waypost.engine.hosts.whatsmeow.session import HostedSession
from waypost.engine.hosts.whatsmeow.shortfalls import Shortfalls
from waypost.engine.port import Recipient, Sent, UploadedMedia
from waypost.engine.wire import MarkRead, RejectCall, SendMessage, ShowInChat, ShowPresence
from waypost.errors import MEDIA_UPLOAD_FAILED, NOT_ON_WHATSAPP, OUTCOME_UNKNOWN, EngineError

# What a group answers to who may not write there: the library sends to the members that it knows of.
_NOT_IN_GROUP: Final = (401, 403, 404)
_NO_SUCH_ACCOUNT: Final = 404
# neonize, utils/enum.py
_MEDIA_KINDS: Final = {"image": 0, "video": 1, "audio": 2, "document": 3, "thumbnail": 6}


async def send(
    session: HostedSession, command: SendMessage, check: Callable[[], None], shortfalls: Shortfalls
) -> Sent:
    """Send and wait for the ack; `check` is called at the last moment before the library has it. Raises
    EngineError; its fault OUTCOME_UNKNOWN says that the frame may have left."""
    jid, message = to_proto(command.order.chat), message_of(command.order)

    def transmit(library: Library, client: bytes) -> bytes:
        check()
        return library.send(client, jid, message)

    data = await session.send(transmit, command.turn_within, command.ack_within)
    answer = proto.SendMessageReturnFunction.FromString(data)
    if answer.Error:
        refused = refusals.of_send(answer.Error)
        if command.order.chat.endswith("@g.us") and refused.facts.get("server_code") in _NOT_IN_GROUP:
            raise await groups.why_refused(session, command.order.chat)
        if refused.facts.get("server_code") == _NO_SUCH_ACCOUNT:
            raise EngineError(NOT_ON_WHATSAPP, jid=command.order.chat, exists=False)
        raise refused
    if shortfalls.take(answer.SendResponse.ID):
        raise EngineError(OUTCOME_UNKNOWN, "It may have been encrypted for nobody: the store failed.")
    return Sent(
        message_id=answer.SendResponse.ID,
        timestamp=_epoch_s(answer.SendResponse.Timestamp),
        content=message,
        names=names_of(message),
    )


async def upload(session: HostedSession, path: Path, kind: str) -> UploadedMedia:
    """Encrypt and upload a file."""
    try:
        data = await asyncio.to_thread(path.read_bytes)
    except OSError as error:
        raise EngineError(MEDIA_UPLOAD_FAILED, f"The file can't be read: {error.strerror}.") from error
    number = _MEDIA_KINDS[kind]
    answer = proto.UploadReturnFunction.FromString(
        await session.call(lambda library, client: library.upload(client, data, number))
    )
    if answer.Error:
        raise refusals.of_upload(answer.Error)
    media = answer.UploadResponse
    return UploadedMedia(
        url=media.url,
        direct_path=media.DirectPath,
        media_key=media.MediaKey,
        file_sha256=media.FileSHA256,
        file_enc_sha256=media.FileEncSHA256,
        file_length=media.FileLength,
        uploaded_at=int(time.time()),
    )


async def check(session: HostedSession, numbers: Sequence[str]) -> list[Recipient]:
    """Which numbers are on WhatsApp. A LID is only ever learnt from the server, so a known one exists."""
    asked = [number for number in numbers if not number.endswith(f"@{LIDS}")]
    found = await _on_whatsapp(session, asked) if asked else {}
    answers = []
    for number in numbers:
        if number.endswith(f"@{LIDS}"):
            answers.append(await _known_lid(session, number))
            continue
        user = found.get(_digits(number))
        if user is None or not user.IsIn:
            answers.append(Recipient(asked=number, exists=False))
        else:
            answers.append(await _recipient(session, number, to_text(user.JID) or ""))
    return answers


async def tell(session: HostedSession, command: MarkRead | ShowInChat | ShowPresence) -> None:
    """Say something that is no message: it is not acked, and lost when the connection breaks right then."""
    error = await session.call(_told(command))
    if error:
        raise refusals.of_query(error)


async def reject(session: HostedSession, command: RejectCall) -> None:
    """Decline a call."""
    caller = to_proto(command.caller)
    error = await session.call(lambda library, client: library.reject_call(client, caller, command.call_id))
    if error:
        raise refusals.of_query(error)


async def logout(session: HostedSession) -> None:
    """Unlink the device at the server."""
    error = await session.call(lambda library, client: library.logout(client))
    if error:
        raise refusals.of_query(error)


def _told(command: MarkRead | ShowInChat | ShowPresence) -> Callable[[Library, bytes], str]:
    match command:
        case MarkRead(chat=chat, sender=sender, message_ids=message_ids):
            to, author, ids, at = to_proto(chat), to_proto(sender), " ".join(message_ids), int(time.time())
            return lambda library, client: library.mark_read(client, to, author, ids, at)
        case ShowInChat(chat=chat, state=state):
            to, paused, audio = to_proto(chat), state == "paused", state == "recording"
            return lambda library, client: library.chat_presence(client, to, paused, audio)
        case ShowPresence(available=available):
            return lambda library, client: library.presence(client, available)


async def _on_whatsapp(session: HostedSession, numbers: Sequence[str]) -> dict[str, Any]:
    text = " ".join(f"+{_digits(number)}" for number in numbers)
    answer = proto.IsOnWhatsAppReturnFunction.FromString(
        await session.call(lambda library, client: library.on_whatsapp(client, text))
    )
    if answer.Error:
        raise refusals.of_query(answer.Error)
    return {_digits(user.Query): user for user in answer.IsOnWhatsAppResponse}


async def _recipient(session: HostedSession, asked: str, jid: str) -> Recipient:
    if jid.endswith(f"@{LIDS}"):
        return Recipient(asked=asked, exists=True, jid=await _number_of(session, jid) or jid, lid=jid)
    target = to_proto(jid)
    answer = proto.GetJIDFromStoreReturnFunction.FromString(
        await session.call(lambda library, client: library.lid_of(client, target))
    )
    return Recipient(asked=asked, exists=True, jid=jid, lid=to_text(answer.Jid))


async def _known_lid(session: HostedSession, lid: str) -> Recipient:
    return Recipient(asked=lid, exists=True, jid=await _number_of(session, lid) or lid, lid=lid)


async def _number_of(session: HostedSession, lid: str) -> str | None:
    target = to_proto(lid)
    answer = proto.GetJIDFromStoreReturnFunction.FromString(
        await session.call(lambda library, client: library.number_of(client, target))
    )
    return to_text(answer.Jid)


def _digits(number: str) -> str:
    return re.sub(r"\D", "", number.partition("@")[0])


def _epoch_s(timestamp: int) -> int:
    """neonize passes Go's UnixNano in some builds and seconds in others; no ack is older than 1970."""
    return timestamp // 10**9 if timestamp > 10**12 else timestamp
