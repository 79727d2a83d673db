import random

import msgspec
from google.protobuf.message import DecodeError

from fuzz.target import Choices, Target
from waypost.errors import SandboxError
from waypost.sandbox.contacts import attachments, content
from waypost.sandbox.contacts.fields import fields_of
from waypost.sandbox.protocol import pairing
from waypost.sandbox.signal import messages, padding
from waypost.sandbox.wire import adv
from waypost.sandbox.wire.curve import KeyPair
from waypost.sandbox.wire.proto.handshake_pb2 import ClientPayload
from waypost.sandbox.wire.proto.message_pb2 import Message

_bytes = random.Random(2).randbytes
_ACCOUNT, _COMPANION = KeyPair.generate(_bytes), KeyPair.generate(_bytes)
_SECRET = _bytes(32)
_GRANT = adv.grant(
    _ACCOUNT, _COMPANION.public, _SECRET, raw_id=7, key_index=1, timestamp=1_700_000_000, randomness=_bytes
)


def _content(data: bytes) -> None:
    message = content.parse(padding.unpad(data))
    msgspec.json.encode(fields_of(message))
    inner = content.unwrapped(message)
    content.type_of(inner)
    quoted, audio, media = content.quote_of(inner), content.audio_of(inner), attachments.media_of(inner)
    text = content.text_of(inner)
    assert text is None or content.text_of(content.text_message(text, quoted)) == text
    assert audio is None or content.type_of(inner) in (
        "audio",
        "text",
        "image",
        "video",
        "ptv",
        "document",
        "sticker",
    )
    assert media is None or media.token is None or len(media.token) == 43


def _whisper(data: bytes) -> None:
    found = messages.read(data)
    assert found.signed + found.mac == data


def _prekey(data: bytes) -> None:
    found = messages.read_prekey(data)
    assert len(found.base_key) == len(found.identity) == 32


def _read_grant(data: bytes) -> None:
    signed = adv.read_grant(data, _COMPANION.public, _SECRET)
    assert signed.details == _GRANT.details, "a grant that nobody gave"


def _answer(data: bytes) -> None:
    adv.accept_device_signature(_GRANT, _COMPANION.public, data)


def _qr(data: bytes) -> None:
    found = pairing.read_qr(data.decode("utf-8", "replace"))
    assert len(found.noise) == len(found.identity) == len(found.secret) == 32


def _registration(data: bytes) -> None:
    try:
        payload = ClientPayload.FromString(data)
    except DecodeError:
        return
    assert not pairing._genuine(payload.pairing), "a registration that nobody signed"


_READERS = (_content, _whisper, _prekey, _read_grant, _answer, _qr, _registration)


def check(data: bytes) -> None:
    choices = Choices(data)
    read = _READERS[choices.number(len(_READERS) - 1)]
    try:
        read(choices.rest())
    except SandboxError:
        return


def _seeds() -> list[bytes]:
    text = Message(conversation="hello")
    quoted = content.text_message("yes", content.quoting("A1", "491@s.whatsapp.net", text))
    audio = Message()
    audio.audio.seconds, audio.audio.ptt, audio.audio.waveform = 7, True, bytes(64)
    audio.audio.media_key, audio.audio.direct_path = bytes(32), "/v/" + "A" * 43 + "?ccb=1"
    wrapped = Message()
    wrapped.ephemeral.message.view_once.message.CopyFrom(audio)
    msg = messages.write(bytes(32), bytes(32), bytes(32), bytes(32), 1, 0, bytes(16))
    pkmsg = messages.write_prekey(msg, 7, 1, 1, bytes(32), bytes(32))
    plain = [message.SerializeToString() + b"\x01" for message in (text, quoted, audio, wrapped)]
    answer = adv.countersign(adv.read_grant(_GRANT.container, _COMPANION.public, _SECRET), _COMPANION, _bytes)
    qr = b"https://wa.me/settings/linked_devices#2@x," + b",".join([b"A" * 43 + b"="] * 3) + b",1"
    key = dict.fromkeys(("identity", "signed_prekey"), bytes(32))
    registration = ClientPayload(
        pairing=ClientPayload.DevicePairingData(
            registration_id=bytes(4), signed_prekey_signature=bytes(64), **key
        )
    )
    readers = [
        *((0, one) for one in plain),
        (1, msg),
        (2, pkmsg),
        (3, _GRANT.container),
        (4, answer),
        (5, qr),
    ]
    return [bytes((place,)) + one for place, one in [*readers, (6, registration.SerializeToString())]]


TARGET = Target(
    promise=(
        "what a client says is read or is a SandboxError; nothing forged passes for a grant or a registration"
    ),
    check=check,
    seeds=_seeds,
    rate=1500,
)
