"""Files of messages, fetched and decrypted by the library, which checks their hashes."""

import asyncio
from pathlib import Path
from typing import Any, Final

from google.protobuf.message import DecodeError
from neonize.proto import Neonize_pb2 as proto
from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message

from waypost.engine.hosts.whatsmeow import refusals
from waypost.engine.hosts.whatsmeow.session import HostedSession
from waypost.errors import MEDIA_DOWNLOAD_FAILED, EngineError

# What the library downloads; it does not look at the other parts of a message.
_KINDS: Final = ("imageMessage", "audioMessage", "videoMessage", "documentMessage", "stickerMessage")


async def download(session: HostedSession, content: bytes, path: Path) -> int:
    """Write the file of a message to `path`; its size in bytes. Raises EngineError."""
    wanted = _media_of(content)
    answer = proto.DownloadReturnFunction.FromString(
        await session.call(lambda library, client: library.download(client, wanted))
    )
    if answer.Error:
        raise refusals.of_download(answer.Error)
    try:
        return await asyncio.to_thread(path.write_bytes, answer.Binary)
    except OSError as error:
        raise EngineError(MEDIA_DOWNLOAD_FAILED, f"The file can't be written: {error.strerror}.") from error


def _media_of(content: bytes) -> bytes:
    """The part with the file, as a message that the library knows. Raises EngineError."""
    try:
        message = Message.FromString(content)
    except DecodeError:
        raise EngineError(MEDIA_DOWNLOAD_FAILED, "The message can't be read.") from None
    part = _part(message)
    if part is None:
        raise EngineError(MEDIA_DOWNLOAD_FAILED, "The message has no file.")
    return bytes(part.SerializeToString())


def _part(message: Any) -> Any:
    if message.HasField("ptvMessage"):
        return Message(videoMessage=message.ptvMessage)
    return next(
        (Message(**{name: getattr(message, name)}) for name in _KINDS if message.HasField(name)), None
    )
