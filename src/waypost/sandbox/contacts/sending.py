"""A contact writes to an instance."""

import asyncio
import sqlite3
from typing import Final

from waypost.errors import SANDBOX_INVALID, SandboxError
from waypost.sandbox.contacts import acts, attachments, content, group_sending, outgoing, sessions
from waypost.sandbox.contacts.attachments import Uploaded
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.state import devices, inbox, media, parties, profiles
from waypost.sandbox.state.parties import Party
from waypost.sandbox.views import Send
from waypost.sandbox.wire import media as cipher
from waypost.sandbox.wire.node import GROUP_SERVER, LID_SERVER, Jid
from waypost.sandbox.wire.proto.message_pb2 import ContextInfo, Message

_WAVEFORM: Final = 64
_VIEWED_ONCE: Final = frozenset({"image", "video"})


async def send(network: Network, number: str, to: str, what: Send) -> tuple[str, int]:
    """Encrypt a message for each device of `to` (a phone's number, or a group's JID) and queue it; gives its
    id and how many devices that are."""
    if sum(one is not None for one in (what.text, what.audio, what.file, what.act)) != 1:
        raise SandboxError(SANDBOX_INVALID, "Give one of text, audio, file and act.")
    if what.file is not None and what.file.view_once and what.file.kind not in _VIEWED_ONCE:
        raise SandboxError(SANDBOX_INVALID, "Only an image or a video can be viewed once.")
    if len(what.waveform) not in (0, _WAVEFORM):
        raise SandboxError(SANDBOX_INVALID, "A waveform has 64 bytes.")
    now, is_group = network.clock.now(), to.endswith(f"@{GROUP_SERVER}")
    uploaded = await _upload(network, what, now)
    id = "3EB0" + network.randomness(9).hex().upper()

    def put(rows: sqlite3.Connection) -> list[tuple[str, int]]:
        contact = parties.get(rows, number, "contact")
        quote = None if what.reply_to is None else _quote(rows, contact, what.reply_to)
        if what.act is not None:
            chat = Jid.parse(to) if is_group else Jid(parties.get(rows, to, "phone").lid, LID_SERVER)
            message = acts.message_of(rows, contact, chat, what.act, now, network.randomness)
        else:
            message = _message(what, uploaded, quote)
        message.context_info.message_secret = network.randomness(32)
        plaintext = message.SerializeToString()
        if is_group:
            return group_sending.send(rows, contact, Jid.parse(to), id, plaintext, now, network.randomness)
        return _fan_out(rows, network, contact, parties.get(rows, to, "phone"), id, plaintext, now)

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
    if profiles.blocks(rows, phone.number, contact.number):
        return touched
    for device in [0, *(row.device for row in devices.linked(rows, phone.number))]:
        sealed = sessions.seal(rows, contact, phone, device, plaintext, network.randomness)
        if sealed is not None:
            outgoing.put_message(rows, contact, phone, device, id, plaintext, sealed, now)
            touched.append((phone.number, device))
    return touched


def _quote(rows: sqlite3.Connection, contact: Party, id: str) -> ContextInfo:
    received = inbox.find(rows, contact.number, id)
    if received is not None:
        author = Jid.parse(received.sender_lid).bare
        return content.quoting(id, str(author), content.parse(received.raw))
    sent = inbox.find_sent(rows, contact.number, id)
    if sent is None:
        raise SandboxError(SANDBOX_INVALID, "This contact has no message of the id in reply_to.")
    return content.quoting(id, str(Jid(contact.lid, LID_SERVER)), content.parse(sent.plaintext))


async def _upload(network: Network, what: Send, now: float) -> Uploaded | None:
    """Encrypt and store the file of a message, if it brings one."""
    if what.file is not None:
        file, name = what.file.data, str(what.file.kind)
    elif what.audio is not None:
        file, name = what.audio, "audio"
    else:
        return None
    kind = attachments.kind_of(name)
    encrypted = await asyncio.to_thread(cipher.encrypt, file, kind, network.randomness(32))
    token = await asyncio.to_thread(network.media.put, encrypted.blob)
    await network.store.run(lambda rows: media.put(rows, token, name, len(encrypted.blob), now))
    return Uploaded(encrypted, token, network.media_host, len(file), int(now))


def _message(what: Send, uploaded: Uploaded | None, quote: ContextInfo | None) -> Message:
    if uploaded is None:
        return content.text_message(what.text or "", quote)
    if what.file is not None:
        return attachments.attached(what.file, uploaded, quote)
    return attachments.voice_note(uploaded, what.mimetype, what.seconds, what.ptt, what.waveform, quote)
