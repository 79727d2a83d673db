"""send-voice: any audio becomes a voice note, as if it had been recorded in WhatsApp.

WhatsApp shows no caption under a voice note, so a caption is a second message, a text that quotes the note.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from waypost.address import Jid, parse_chat_id
from waypost.chats.directory import bare
from waypost.engine.port import Content, Quote, SendOrder, UploadedMedia
from waypost.instances.instance import Instance
from waypost.instances.messages import Message
from waypost.operations.fields import ChatId, ReplyTo, checked_reply
from waypost.operations.file_message import file_content, viewed_once
from waypost.operations.heading import Heading, find_heading
from waypost.operations.kind import FilePolicy, Order, Write
from waypost.operations.link_preview import text_content
from waypost.operations.mentions import (
    MENTION_NOT_FOUND,
    Mention,
    Mentions,
    checked_mentions,
    find_mentions,
    with_mentions,
)
from waypost.operations.resources import Resources
from waypost.operations.sent_message import performed, recovered_message, sent_message
from waypost.operations.shapes import MessageKey, SentMessage, key_of
from waypost.outbox.port import Answer, Performed, Showing, Stage
from waypost.outbox.request import Request, Step, Upload

NOTE = "note"
CAPTION = "caption"

TEXT_MAX = 65_536  # characters that WhatsApp takes


class SendVoiceFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    chatId: ChatId
    url: Annotated[str | None, Meta(description="Public address of the audio; required without `file`.")] = (
        None
    )
    file: Annotated[
        str | None,
        Meta(description="The audio: a multipart part, or base64 or a data: URI; required without `url`."),
    ] = None
    caption: Annotated[
        Annotated[str, Meta(max_length=TEXT_MAX)] | None,
        Meta(description="Delivered as a text right after the note, quoting it."),
    ] = None
    view_once: Annotated[bool, Meta(description="Whether it can be listened to only once.")] = False
    reply_to: ReplyTo = None
    mentions: Annotated[
        Mentions, Meta(description="People who are told that the caption names them, as @<number>.")
    ] = None


class AudioMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The note as it was sent; binary values are base64, 64-bit numbers are text."""

    url: str
    mimetype: str
    fileSha256: bytes
    fileLength: str
    seconds: int
    ptt: bool
    mediaKey: bytes
    fileEncSha256: bytes
    directPath: str
    mediaKeyTimestamp: str
    waveform: bytes
    viewOnce: bool | UnsetType = UNSET


class VoiceContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the message holds."""

    audioMessage: AudioMessage


class CaptionMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The caption's own message."""

    key: MessageKey
    messageTimestamp: str
    status: str


class CaptionError(msgspec.Struct, frozen=True, kw_only=True):
    """Why the note arrived without its caption."""

    code: str
    message: str


class SendVoiceResult(SentMessage, frozen=True, kw_only=True):
    """`response_body` of a note that was sent."""

    message: VoiceContent
    caption_message: CaptionMessage | UnsetType = UNSET
    caption_error: CaptionError | UnsetType = UNSET
    warnings: list[str] | UnsetType = UNSET


class SendVoicePayload(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of the call."""

    chat: str
    url: str | None = None
    caption: str | None = None
    reply_to: str | None = None
    view_once: bool = False
    mentions: list[str] = []


class PreparedNote(msgspec.Struct, frozen=True, kw_only=True):
    """The finished note in the workshop; `seconds` and `waveform` as the message carries them."""

    size: int
    sha256: bytes
    seconds: int
    waveform: bytes


class VoiceNote(msgspec.Struct, frozen=True, kw_only=True):
    """The note as it lies on WhatsApp's servers: `seconds` ≥ 1, `waveform` of exactly 64 bytes 0..100."""

    media: UploadedMedia
    seconds: int
    waveform: bytes
    mimetype: str = "audio/ogg; codecs=opus"


class StagedNote(Heading, frozen=True, kw_only=True):
    """Everything that is needed to send: where to, what, and in reply to what."""

    note: VoiceNote
    mentions: tuple[Mention, ...] = ()


class SentStep(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a sent message for `finish`, and for the caption that quotes the note."""

    jid: str
    content: bytes


def accept(fields: SendVoiceFields, upload: Upload | None, instance: Instance) -> Order[SendVoicePayload]:
    """Check the fields. Raises InvalidRequest."""
    chat = parse_chat_id(fields.chatId)
    return Order(
        chat=chat,
        payload=SendVoicePayload(
            chat=str(chat),
            url=fields.url if upload is None else None,
            caption=fields.caption if instance.caption_as_text else None,
            reply_to=checked_reply(fields.reply_to),
            view_once=fields.view_once,
            mentions=checked_mentions(fields.mentions),
        ),
    )


async def prepare(resources: Resources, request: Request, payload: SendVoicePayload) -> Stage:
    """Fetch and convert. Raises FetchError, VoiceError, OutboxError(BLOB_GONE)."""
    return Stage(data=msgspec.json.encode(await _convert(resources, request, payload)))


async def stage(resources: Resources, request: Request, payload: SendVoicePayload) -> Stage:
    """Ask about the recipient and upload the note. Raises EngineError."""
    to, chat_key = await find_heading(resources, request, payload.chat, payload.reply_to)
    asked = payload.mentions if payload.caption is not None else []
    mentions = await find_mentions(resources, request, Jid.parse(to.jid), asked)
    unnamed = [MENTION_NOT_FOUND] if len(mentions) < len(asked) else []
    note = await _upload(resources, request, payload)
    staged = StagedNote(
        jid=to.jid,
        note=note,
        quote=to.quote,
        warnings=[*to.warnings, *unnamed],
        mentions=tuple(mentions),
    )
    return Stage(data=msgspec.json.encode(staged), chat_key=chat_key)


def shows(request: Request, payload: SendVoicePayload) -> Showing:
    """Somebody who speaks for as long as the note lasts."""
    staged = _staged(request)
    return Showing(chat=staged.jid, state="recording", seconds=staged.note.seconds)


def steps(request: Request, payload: SendVoicePayload) -> Sequence[str]:
    """The note, and the caption where there is one."""
    return (NOTE,) if payload.caption is None else (NOTE, CAPTION)


async def perform(
    resources: Resources, request: Request, payload: SendVoicePayload, step: Step, done: Sequence[Step]
) -> Performed:
    """Send one of the two messages. Raises EngineError, OutcomeUnknown."""
    quote = None if step.name == NOTE else _quote_of_note(done[0], step)
    order = _order(request, payload, step, quote)
    sent = await resources.session(request.instance_id).send(order)
    return _performed(sent_message(request, step, order.chat, sent))


def recovered(
    resources: Resources,
    request: Request,
    payload: SendVoicePayload,
    step: Step,
    message_id: str,
) -> Performed:
    """The same as `perform` returns for a message that was sent before a crash; its protobuf is lost."""
    order, now = _order(request, payload, step), int(resources.clock.now())
    return _performed(recovered_message(request, step, order, message_id, now))


def finish(request: Request, payload: SendVoicePayload, steps: Sequence[Step]) -> Answer:
    """The result as the API shows it."""
    staged = _staged(request)
    note, captions = steps[0], steps[1:]
    media = staged.note.media
    result = SendVoiceResult(
        key=key_of(staged.jid, note),
        message=VoiceContent(
            audioMessage=AudioMessage(
                url=media.url,
                mimetype=staged.note.mimetype,
                fileSha256=media.file_sha256,
                fileLength=str(media.file_length),
                seconds=staged.note.seconds,
                ptt=True,
                mediaKey=media.media_key,
                fileEncSha256=media.file_enc_sha256,
                directPath=media.direct_path,
                mediaKeyTimestamp=str(media.uploaded_at),
                waveform=staged.note.waveform,
                viewOnce=payload.view_once or UNSET,
            )
        ),
        messageTimestamp=str(note.timestamp or 0),
        status=note.message_status or "PENDING",
        caption_message=_caption_message(staged.jid, captions),
        caption_error=_caption_error(captions),
        warnings=staged.warnings or UNSET,
    )
    return Answer(status=201, body=msgspec.json.encode(result))


async def _convert(resources: Resources, request: Request, payload: SendVoicePayload) -> PreparedNote:
    async with resources.source(request, payload.url) as source:
        note = await resources.converter.convert(source, _note_path(resources, request))
    return PreparedNote(size=note.size, sha256=note.sha256, seconds=note.seconds, waveform=note.waveform)


async def _upload(resources: Resources, request: Request, payload: SendVoicePayload) -> VoiceNote:
    """Upload the note; one that a power cut took or damaged in the workshop is made again.

    What was uploaded tells its hash, so that nobody needs to read the file for it before.
    """
    prepared = msgspec.json.decode(request.prepared or b"", type=PreparedNote)
    path = _note_path(resources, request)
    session = resources.session(request.instance_id)
    media: UploadedMedia | None = await session.upload(path, "audio") if path.is_file() else None
    if media is None or media.file_sha256 != prepared.sha256:
        prepared = await _convert(resources, request, payload)
        media = await resources.session(request.instance_id).upload(path, "audio")
    await resources.let_go(request, path)
    return VoiceNote(media=media, seconds=prepared.seconds, waveform=prepared.waveform)


def _message(note: VoiceNote, view_once: bool) -> Content:
    audio = {
        **file_content(note.media, note.mimetype),
        "seconds": note.seconds,
        "PTT": True,
        "waveform": note.waveform,
        "viewOnce": view_once or None,
    }
    # Notes have a wrapper of their own.
    return viewed_once({"audioMessage": audio}, view_once, "viewOnceMessageV2Extension")


def _note_path(resources: Resources, request: Request) -> Path:
    return resources.workshop / f"{request.uuid}.ogg"


def _staged(request: Request) -> StagedNote:
    return msgspec.json.decode(request.staged or b"", type=StagedNote)


def _order(request: Request, payload: SendVoicePayload, step: Step, note: Quote | None = None) -> SendOrder:
    """What is sent; the caption quotes the `note`, where that is known."""
    staged = _staged(request)
    if step.name == NOTE:
        content, quote = _message(staged.note, payload.view_once), staged.quote
    else:
        text = with_mentions(payload.caption or "", staged.mentions)
        content = text_content(text, None, [mention.jid for mention in staged.mentions])
        quote = note
    return SendOrder(chat=staged.jid, content=content, secret=step.secret, quote=quote)


def _performed(message: Message) -> Performed:
    kept = SentStep(jid=message.chat, content=message.content)
    return performed(message, msgspec.json.encode(kept))


def _quote_of_note(note: Step, step: Step) -> Quote:
    sent = msgspec.json.decode(note.data or b"", type=SentStep)
    return Quote(
        message_id=note.message_id or "",
        participant=bare(step.device_jid or ""),
        content=sent.content or None,
    )


def _caption_message(jid: str, captions: Sequence[Step]) -> CaptionMessage | UnsetType:
    sent = next((step for step in captions if step.state == "sent"), None)
    if sent is None:
        return UNSET
    return CaptionMessage(
        key=key_of(jid, sent),
        messageTimestamp=str(sent.timestamp or 0),
        status=sent.message_status or "PENDING",
    )


def _caption_error(captions: Sequence[Step]) -> CaptionError | UnsetType:
    failed = next((step for step in captions if step.state != "sent"), None)
    if failed is None:
        return UNSET
    code = failed.error_code or "internal"
    return CaptionError(code=code, message="The note was sent, its caption was not.")


SEND_VOICE = Write(
    name="send-voice",
    summary="Send any audio as a voice note",
    fields=SendVoiceFields,
    result=SendVoiceResult,
    payload=SendVoicePayload,
    file=FilePolicy(media_type="audio/*"),
    accept=accept,
    prepare=prepare,
    stage=stage,
    steps=steps,
    shows=shows,
    perform=perform,
    recovered=recovered,
    finish=finish,
)
