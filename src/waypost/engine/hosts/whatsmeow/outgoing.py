"""Orders of the gateway as WhatsApp's message protobuf."""

from typing import Any

from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import (
    AudioMessage,
    ContextInfo,
    ExtendedTextMessage,
    Message,
    MessageContextInfo,
)

from waypost.engine.port import Quote, SendOrder, Text, VoiceNote


def message_of(order: SendOrder) -> bytes:
    """The serialized message, with `order.secret` as its message secret."""
    context = None if order.quote is None else _context(order.quote)
    match order.content:
        case VoiceNote() as note:
            message = Message(audioMessage=_voice(note, context))
        case Text(text=text) if context is None:
            message = Message(conversation=text)
        case Text(text=text):
            message = Message(extendedTextMessage=ExtendedTextMessage(text=text, contextInfo=context))
    message.messageContextInfo.CopyFrom(MessageContextInfo(messageSecret=order.secret))
    return bytes(message.SerializeToString())


def _voice(note: VoiceNote, context: Any) -> Any:
    media = note.media
    return AudioMessage(
        URL=media.url,
        directPath=media.direct_path,
        mediaKey=media.media_key,
        mediaKeyTimestamp=media.uploaded_at,
        fileSHA256=media.file_sha256,
        fileEncSHA256=media.file_enc_sha256,
        fileLength=media.file_length,
        mimetype=note.mimetype,
        seconds=note.seconds,
        PTT=True,
        waveform=note.waveform,
        contextInfo=context,
    )


def _context(quote: Quote) -> Any:
    context = ContextInfo(stanzaID=quote.message_id, participant=quote.participant)
    if quote.content is not None:
        quoted = Message.FromString(quote.content)
        quoted.ClearField("messageContextInfo")  # its secret is nobody's business but the first recipient's
        context.quotedMessage.CopyFrom(quoted)
    return context
