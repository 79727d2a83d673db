"""A contact writes to an instance."""

import asyncio
import hashlib
import sqlite3
from typing import Final

from waypost.errors import SANDBOX_INVALID, SandboxError
from waypost.sandbox.contacts import content, outgoing, sessions
from waypost.sandbox.media.paths import direct_path
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.state import devices, inbox, media, parties
from waypost.sandbox.state.parties import Party
from waypost.sandbox.views import Send
from waypost.sandbox.wire import media as cipher
from waypost.sandbox.wire.media import MediaKind
from waypost.sandbox.wire.node import LID_SERVER, Jid
from waypost.sandbox.wire.proto.message_pb2 import AudioMessage, ContextInfo, Message

_WAVEFORM: Final = 64


async def send(network: Network, number: str, to: str, what: Send) -> tuple[str, int]:
    """Encrypt a message for each device of the phone `to` and queue it; gives its id and how many devices
    that are."""
    if (what.text is None) == (what.audio is None):
        raise SandboxError(SANDBOX_INVALID, "Give either text or audio.")
    if len(what.waveform) not in (0, _WAVEFORM):
        raise SandboxError(SANDBOX_INVALID, "A waveform has 64 bytes.")
    now = network.clock.now()
    audio = None if what.audio is None else await _upload(network, what, what.audio, now)
    id = "3EB0" + network.randomness(9).hex().upper()

    def put(rows: sqlite3.Connection) -> list[tuple[str, int]]:
        contact, phone = parties.get(rows, number, "contact"), parties.get(rows, to, "phone")
        quote = None if what.reply_to is None else _quote(rows, contact, phone, what.reply_to)
        message = content.text_message(what.text, quote) if what.text is not None else _voice(audio, quote)
        message.context_info.message_secret = network.randomness(32)
        return _fan_out(rows, network, contact, phone, id, message.SerializeToString(), now)

    touched = await network.store.run(put)
    network.wake(touched)
    return id, len(touched)


def _fan_out(
    rows: sqlite3.Connection,
    network: Network,
    contact: Party,
    phone: Party,
    id: str,
    plaintext: bytes,
    now: float,
) -> list[tuple[str, int]]:
    inbox.put_sent(rows, contact.number, id, phone.number, plaintext, now)
    touched: list[tuple[str, int]] = []
    for device in [0, *(row.device for row in devices.linked(rows, phone.number))]:
        sealed = sessions.seal(rows, contact, phone, device, plaintext, network.randomness)
        if sealed is not None:
            outgoing.put_message(rows, contact, phone, device, id, plaintext, sealed, now)
            touched.append((phone.number, device))
    return touched


def _quote(rows: sqlite3.Connection, contact: Party, phone: Party, id: str) -> ContextInfo:
    received = inbox.find(rows, contact.number, id)
    if received is not None:
        return content.quoting(id, str(Jid(phone.lid, LID_SERVER)), content.parse(received.raw))
    sent = inbox.find_sent(rows, contact.number, id)
    if sent is None:
        raise SandboxError(SANDBOX_INVALID, "This contact has no message of the id in reply_to.")
    return content.quoting(id, str(Jid(contact.lid, LID_SERVER)), content.parse(sent.plaintext))


async def _upload(network: Network, what: Send, file: bytes, now: float) -> AudioMessage:
    encrypted = await asyncio.to_thread(cipher.encrypt, file, MediaKind.AUDIO, network.randomness(32))
    token = await asyncio.to_thread(network.media.put, encrypted.blob)
    await network.store.run(lambda rows: media.put(rows, token, "audio", len(encrypted.blob), now))
    path = direct_path(token)
    return AudioMessage(
        url=f"https://{network.media_host}{path}",
        mimetype=what.mimetype,
        file_sha256=hashlib.sha256(file).digest(),
        file_length=len(file),
        seconds=what.seconds,
        ptt=what.ptt,
        media_key=encrypted.media_key,
        file_enc_sha256=encrypted.file_enc_sha256,
        direct_path=path,
        media_key_timestamp=int(now),
        waveform=what.waveform or None,
    )


def _voice(audio: AudioMessage | None, quote: ContextInfo | None) -> Message:
    message = Message()
    message.audio.CopyFrom(audio or AudioMessage())
    if quote is not None:
        message.audio.context_info.CopyFrom(quote)
    return message
