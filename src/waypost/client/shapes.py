# Made by `python -m scripts.api` from the operations.
"""What calls take and answer, field by field as the API has it."""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType


class MessageKey(msgspec.Struct, frozen=True, kw_only=True):
    """The name of a message."""

    remoteJid: str
    fromMe: bool
    id: str


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


class SendVoiceResult(msgspec.Struct, frozen=True, kw_only=True):
    """`response_body` of a note that was sent."""

    key: MessageKey
    message: VoiceContent
    messageTimestamp: str
    status: str
    caption_message: CaptionMessage | UnsetType = UNSET
    caption_error: CaptionError | UnsetType = UNSET
    warnings: list[str] | UnsetType = UNSET


class ExtendedText(msgspec.Struct, frozen=True, kw_only=True):
    """A text as it was sent, and what it shows of a page; binary values are base64, times and sizes as the
    message has them."""

    text: str
    matchedText: str | UnsetType = UNSET
    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    jpegThumbnail: bytes | UnsetType = UNSET
    thumbnailDirectPath: str | UnsetType = UNSET
    thumbnailSha256: bytes | UnsetType = UNSET
    thumbnailEncSha256: bytes | UnsetType = UNSET
    mediaKey: bytes | UnsetType = UNSET
    mediaKeyTimestamp: str | UnsetType = UNSET
    thumbnailHeight: int | UnsetType = UNSET
    thumbnailWidth: int | UnsetType = UNSET


class TextContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the message holds."""

    extendedTextMessage: ExtendedText


class SendTextResult(msgspec.Struct, frozen=True, kw_only=True):
    """`response_body` of a text that was sent."""

    key: MessageKey
    message: TextContent
    messageTimestamp: str
    status: str
    warnings: list[str] | UnsetType = UNSET


class DocumentMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The file as it was sent."""

    url: str
    mimetype: str
    fileSha256: bytes
    fileLength: str
    mediaKey: bytes
    fileEncSha256: bytes
    directPath: str
    mediaKeyTimestamp: str
    fileName: str
    title: str
    caption: str | UnsetType = UNSET


class DocumentContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the message holds."""

    documentMessage: DocumentMessage


class SendFileResult(msgspec.Struct, frozen=True, kw_only=True):
    """`response_body` of a file that was sent."""

    key: MessageKey
    message: DocumentContent
    messageTimestamp: str
    status: str
    warnings: list[str] | UnsetType = UNSET


class ImageMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The picture as it was sent; sizes in pixels."""

    url: str
    mimetype: str
    fileSha256: bytes
    fileLength: str
    mediaKey: bytes
    fileEncSha256: bytes
    directPath: str
    mediaKeyTimestamp: str
    height: int
    width: int
    jpegThumbnail: bytes
    caption: str | UnsetType = UNSET
    viewOnce: bool | UnsetType = UNSET


class ImageContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the message holds."""

    imageMessage: ImageMessage


class SendImageResult(msgspec.Struct, frozen=True, kw_only=True):
    """`response_body` of a picture that was sent."""

    key: MessageKey
    message: ImageContent
    messageTimestamp: str
    status: str
    warnings: list[str] | UnsetType = UNSET


class StickerMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The sticker as it was sent; sizes in pixels."""

    url: str
    mimetype: str
    fileSha256: bytes
    fileLength: str
    mediaKey: bytes
    fileEncSha256: bytes
    directPath: str
    mediaKeyTimestamp: str
    height: int
    width: int
    isAnimated: bool | UnsetType = UNSET


class StickerContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the message holds."""

    stickerMessage: StickerMessage


class SendStickerResult(msgspec.Struct, frozen=True, kw_only=True):
    """`response_body` of a sticker that was sent."""

    key: MessageKey
    message: StickerContent
    messageTimestamp: str
    status: str
    warnings: list[str] | UnsetType = UNSET


class VideoMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The video as it was sent; sizes in pixels."""

    url: str
    mimetype: str
    fileSha256: bytes
    fileLength: str
    mediaKey: bytes
    fileEncSha256: bytes
    directPath: str
    mediaKeyTimestamp: str
    seconds: int
    height: int
    width: int
    jpegThumbnail: bytes
    caption: str | UnsetType = UNSET
    viewOnce: bool | UnsetType = UNSET


class VideoContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the message holds: one of the two."""

    videoMessage: VideoMessage | UnsetType = UNSET
    ptvMessage: VideoMessage | UnsetType = UNSET


class SendVideoResult(msgspec.Struct, frozen=True, kw_only=True):
    """`response_body` of a video that was sent."""

    key: MessageKey
    message: VideoContent
    messageTimestamp: str
    status: str
    warnings: list[str] | UnsetType = UNSET


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """The place as it was sent."""

    degreesLatitude: float
    degreesLongitude: float
    name: str | UnsetType = UNSET


class LocationContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the message holds."""

    locationMessage: Location


class SendLocationResult(msgspec.Struct, frozen=True, kw_only=True):
    """`response_body` of a location that was sent."""

    key: MessageKey
    message: LocationContent
    messageTimestamp: str
    status: str
    warnings: list[str] | UnsetType = UNSET


class ContactFields(msgspec.Struct, frozen=True, kw_only=True):
    """A contact: a whole `vcard`, or what one is made of."""

    vcard: str | None = None
    fullName: str | None = None
    organization: str | None = None
    phoneNumber: str | None = None
    whatsappId: str | None = None


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A contact as it was sent."""

    displayName: str
    vcard: str


class Cards(msgspec.Struct, frozen=True, kw_only=True):
    """Several contacts as they were sent."""

    displayName: str
    contacts: list[Card]


class CardContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the message holds: one of the two."""

    contactMessage: Card | UnsetType = UNSET
    contactsArrayMessage: Cards | UnsetType = UNSET


class SendContactCardResult(msgspec.Struct, frozen=True, kw_only=True):
    """`response_body` of contacts that were sent."""

    key: MessageKey
    message: CardContent
    messageTimestamp: str
    status: str
    warnings: list[str] | UnsetType = UNSET


class PollFields(msgspec.Struct, frozen=True, kw_only=True):
    """The poll of the call."""

    name: str
    options: list[str]
    multipleAnswers: bool | None = None


class PollOption(msgspec.Struct, frozen=True, kw_only=True):
    """An answer."""

    optionName: str


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """The poll as it was sent; of `selectableOptionsCount` answers at most, 0 for any number."""

    name: str
    options: list[PollOption]
    selectableOptionsCount: int


class PollContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the message holds: the first for several answers, the other for one."""

    pollCreationMessage: Poll | UnsetType = UNSET
    pollCreationMessageV3: Poll | UnsetType = UNSET


class SendPollResult(msgspec.Struct, frozen=True, kw_only=True):
    """`response_body` of a poll that was sent."""

    key: MessageKey
    message: PollContent
    messageTimestamp: str
    status: str
    warnings: list[str] | UnsetType = UNSET


class ForwardMessageResult(msgspec.Struct, frozen=True, kw_only=True):
    """`response_body` of a message that was passed on; `message` is what it holds."""

    key: MessageKey
    message: dict[str, Any]
    messageTimestamp: str
    status: str


class TargetKey(msgspec.Struct, frozen=True, kw_only=True):
    """The name of a message that another one is about."""

    remoteJid: str
    fromMe: bool
    id: str
    participant: str | UnsetType = UNSET


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """The edit as it was sent."""

    key: TargetKey
    type: str
    editedMessage: dict[str, Any]
    timestampMs: str


class EditContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the message holds."""

    protocolMessage: Edit


class EditMessageResult(msgspec.Struct, frozen=True, kw_only=True):
    """`response_body` of an edit that was sent; `key` names the message that says so."""

    key: MessageKey
    message: EditContent
    messageTimestamp: str
    status: str
    warnings: list[str] | UnsetType = UNSET


class SendSeenResult(msgspec.Struct, frozen=True, kw_only=True):
    """`response_body` once it was shown: nothing in it."""


class ReadChatResult(msgspec.Struct, frozen=True, kw_only=True):
    """`response_body`: the messages that were marked, by their short ids."""

    ids: list[str]


class Reaction(msgspec.Struct, frozen=True, kw_only=True):
    """The reaction as it was sent."""

    key: TargetKey
    text: str
    senderTimestampMs: str


class ReactionContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the message holds."""

    reactionMessage: Reaction


class ReactToMessageResult(msgspec.Struct, frozen=True, kw_only=True):
    """`response_body` of a reaction that was sent."""

    key: MessageKey
    message: ReactionContent
    messageTimestamp: str
    status: str
    warnings: list[str] | UnsetType = UNSET


class Revocation(msgspec.Struct, frozen=True, kw_only=True):
    """The order to delete as it was sent."""

    key: TargetKey
    type: str


class RevocationContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the message holds."""

    protocolMessage: Revocation


class DeleteMessageResult(msgspec.Struct, frozen=True, kw_only=True):
    """`response_body` of a message that was deleted; `key` names the message that says so."""

    key: MessageKey
    message: RevocationContent
    messageTimestamp: str
    status: str
    warnings: list[str] | UnsetType = UNSET


class StartTypingResult(msgspec.Struct, frozen=True, kw_only=True):
    """`response_body` once it was shown."""

    result: bool = True


class StopTypingResult(msgspec.Struct, frozen=True, kw_only=True):
    """`response_body` once it was shown."""

    result: bool = True


class Participant(msgspec.Struct, frozen=True, kw_only=True):
    """A member: the address by which messages name it, both addresses where they are known, and its role:
    member, admin, or superadmin, who made the group."""

    id: str
    number: str | None
    lid: str | None
    role: Literal["member", "admin", "superadmin"]


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A group. With `locked` only admins change what it is called, with `announce` only they write."""

    id: str
    subject: str
    description: str | None
    owner: str | None
    locked: bool
    announce: bool
    participants: list[Participant]


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one of the people: `status` is 200 for done; 403 when the person does not let itself
    be added, 404 when it is not on WhatsApp or not in the group, 409 when it was in it already."""

    id: str
    status: int


class CreateGroupResult(msgspec.Struct, frozen=True, kw_only=True):
    """The group; `participants` says of everybody who was named whether they are in it."""

    group: Group
    participants: list[Changed]


class MembersResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of everybody who was named."""

    participants: list[Changed]


class Success(msgspec.Struct, frozen=True, kw_only=True):
    """What calls tell that have nothing else to tell."""

    result: bool = True


class GroupPictureResult(msgspec.Struct, frozen=True, kw_only=True):
    """The id that WhatsApp gave the picture."""

    picture_id: str


class InviteResult(msgspec.Struct, frozen=True, kw_only=True):
    """The link that lets whoever has it in."""

    link: str


class JoinGroupResult(msgspec.Struct, frozen=True, kw_only=True):
    """The group that the account is in now, or has asked to come into."""

    id: str


class ProfilePictureResult(msgspec.Struct, frozen=True, kw_only=True):
    """The id that WhatsApp gave the picture."""

    picture_id: str


class RequestError(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request failed, or why it waits to be tried again."""

    code: str
    message: str
    retryable: bool


class ParticipantReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """How far one member of a group is with a message."""

    participant: str
    status: Literal["PENDING", "SENT", "DELIVERED", "READ", "PLAYED", "ERROR"]
    at: str


class QueuedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted call and what became of it. The three `response_…` are null until it is finished."""

    uuid: str
    request: dict[str, Any]
    response_status: int | None
    response_body: dict[str, Any] | None
    response_header: dict[str, list[str]] | None
    status: Literal["queued", "preparing", "sending", "sent", "failed", "cancelled"]
    endpoint: str
    error: RequestError | None
    attempts: int
    next_attempt_at: str | None
    waiting_for: str | None
    message_status: Literal["PENDING", "SENT", "DELIVERED", "READ", "PLAYED", "ERROR"] | None
    created_at: str
    finished_at: str | None
    request_id: str | None = None
    participants: list[ParticipantReceipt] | None = None


class QueuedRequestPage(msgspec.Struct, frozen=True, kw_only=True):
    """Queued requests, newest first; `next_cursor` leads to older ones."""

    data: list[QueuedRequest]
    next_cursor: str | None


class ContactView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whom the account has met: `name` is that of its address book, `pushname` their own. `lid`
    where it is known."""

    id: str
    name: str | None
    pushname: str | None
    lid: str | None


class ContactsView(msgspec.Struct, frozen=True, kw_only=True):
    """Contacts."""

    message: str
    data: list[ContactView]


class OneContactView(msgspec.Struct, frozen=True, kw_only=True):
    """A contact."""

    message: str
    data: ContactView


class PictureData(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's picture; both null where there is none, or none is shown to this account. The url is
    WhatsApp's and does not last."""

    id: str | None
    url: str | None


class PictureView(msgspec.Struct, frozen=True, kw_only=True):
    """What contacts/profile-picture answers."""

    message: str
    data: PictureData


class ExistsData(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a number is on WhatsApp; `id` is the one to write to, which may not be the one asked for."""

    exists: bool
    id: str | None
    lid: str | None


class ExistsView(msgspec.Struct, frozen=True, kw_only=True):
    """What check-exists answers."""

    message: str
    data: ExistsData


class BlockedData(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is blocked."""

    id: str
    lid: str | None


class BlockedView(msgspec.Struct, frozen=True, kw_only=True):
    """What blocked answers."""

    message: str
    data: list[BlockedData]


class PacingOverrides(msgspec.Struct, frozen=True, kw_only=True):
    """What of `WAYPOST_PACING_…` is another for one instance; what is absent is as the gateway has it.
    `enabled`: whether it is paced at all. Times in seconds."""

    enabled: bool | UnsetType = UNSET
    open_chats: bool | UnsetType = UNSET
    gap_seconds: float | UnsetType = UNSET
    jitter: float | UnsetType = UNSET
    per_minute: int | UnsetType = UNSET
    per_day: int | UnsetType = UNSET
    first_contacts: int | UnsetType = UNSET
    warm_up_days: int | UnsetType = UNSET
    show_seconds: float | UnsetType = UNSET
    breaker_failures: int | UnsetType = UNSET
    breaker_seconds: float | UnsetType = UNSET


class CallChoice(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of calls: `reject` declines them, `text` is sent to whoever called then."""

    reject: bool = False
    text: str | None = None


class InstanceWithPairingCode(msgspec.Struct, frozen=True, kw_only=True):
    """An instance with the code that its user types into the phone."""

    id: str
    name: str
    phone: str
    service_type: Literal["whatsapp"]
    status: Literal["PENDING", "STOPPED", "STARTING", "SCAN_QR_CODE", "WORKING", "FAILED"]
    reason: str
    reason_message: str
    network: Literal["whatsapp", "sandbox"]
    caption_as_text: bool
    pacing: PacingOverrides
    when_unknown: Literal["fail", "resend"] | None
    calls: CallChoice
    access_token: str | None
    created_at: str
    pairing_code: str | None
    pairing_code_expires_at: str | None


class WebhookView(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook. `headers` names further headers; their values are not told. `secret` and `signing_secret`
    are told once, by the call that makes them. `reason` says why it is not enabled, `failing_since`
    since when nothing could be delivered."""

    id: str
    url: str
    events: list[str]
    headers: list[str]
    user_id: str
    enabled: bool
    reason: Literal["", "disabled", "failing"]
    reason_message: str
    failing_since: str | None
    secret: str | None
    signing_secret: str | None
    created_at: str


class CreatedInstance(msgspec.Struct, frozen=True, kw_only=True):
    """A new instance; `webhook`, with its secrets, where a webhook_url was given."""

    id: str
    name: str
    phone: str
    service_type: Literal["whatsapp"]
    status: Literal["PENDING", "STOPPED", "STARTING", "SCAN_QR_CODE", "WORKING", "FAILED"]
    reason: str
    reason_message: str
    network: Literal["whatsapp", "sandbox"]
    caption_as_text: bool
    pacing: PacingOverrides
    when_unknown: Literal["fail", "resend"] | None
    calls: CallChoice
    access_token: str | None
    created_at: str
    qr_code: str | None
    qr_text: str | None
    qr_expires_at: str | None
    webhook: WebhookView | None


class InstanceView(msgspec.Struct, frozen=True, kw_only=True):
    """An instance as it is listed. `access_token` is told once, by create-instance; `reason` says why it
    is not WORKING."""

    id: str
    name: str
    phone: str
    service_type: Literal["whatsapp"]
    status: Literal["PENDING", "STOPPED", "STARTING", "SCAN_QR_CODE", "WORKING", "FAILED"]
    reason: str
    reason_message: str
    network: Literal["whatsapp", "sandbox"]
    caption_as_text: bool
    pacing: PacingOverrides
    when_unknown: Literal["fail", "resend"] | None
    calls: CallChoice
    access_token: str | None
    created_at: str


class InstanceWithCode(msgspec.Struct, frozen=True, kw_only=True):
    """An instance with what has to be scanned: `qr_code` is a PNG in base64, `qr_text` what it says."""

    id: str
    name: str
    phone: str
    service_type: Literal["whatsapp"]
    status: Literal["PENDING", "STOPPED", "STARTING", "SCAN_QR_CODE", "WORKING", "FAILED"]
    reason: str
    reason_message: str
    network: Literal["whatsapp", "sandbox"]
    caption_as_text: bool
    pacing: PacingOverrides
    when_unknown: Literal["fail", "resend"] | None
    calls: CallChoice
    access_token: str | None
    created_at: str
    qr_code: str | None
    qr_text: str | None
    qr_expires_at: str | None


class WebhookHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How many webhooks there are: working, failing since some time, and disabled because of that."""

    working: int
    failing: int
    disabled: int


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How an instance is right now."""

    instance_id: str
    connected_at: str | None
    status: Literal["PENDING", "STOPPED", "STARTING", "SCAN_QR_CODE", "WORKING", "FAILED"]
    reason: str
    reason_message: str
    until: str | None
    jid: str | None
    push_name: str | None
    webhooks: WebhookHealth


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence that it was done."""

    message: str


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence that it was done."""

    message: str


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a test: the answer's beginning, or why there was none."""

    delivered: bool
    ms: int
    response_status: int | None
    response_body: str
    error: str | None


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """An event on its way to a webhook: pending, delivered, or dead: given up, until it is sent again.
    `response_status` and `error` are what the last attempt came to."""

    id: str
    event_id: str
    event: str
    chat: str | None
    state: Literal["pending", "delivered", "dead"]
    attempts: int
    response_status: int | None
    error: str | None
    created_at: str
    next_attempt_at: str | None
    finished_at: str | None


class DeliveryPage(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries, newest first; `next_cursor` leads to older ones."""

    data: list[DeliveryView]
    next_cursor: str | None


class AttemptView(msgspec.Struct, frozen=True, kw_only=True):
    """One try: how long it took, the headers that were sent, without secrets, and the answer's beginning."""

    number: int
    at: str
    ms: int
    response_status: int | None
    error: str | None
    request_headers: dict[str, str]
    response_body: str


class DeliveryWithAttempts(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery with its last twenty attempts, oldest first, and the body that is sent."""

    id: str
    event_id: str
    event: str
    chat: str | None
    state: Literal["pending", "delivered", "dead"]
    attempts: int
    response_status: int | None
    error: str | None
    created_at: str
    next_attempt_at: str | None
    finished_at: str | None
    request_body: dict[str, Any]
    log: list[AttemptView]


class Redelivered(msgspec.Struct, frozen=True, kw_only=True):
    """How many deliveries were set out again."""

    message: str
    count: int


class TokenView(msgspec.Struct, frozen=True, kw_only=True):
    """A token; `token` is its text, in the answer to its creation alone."""

    number: int
    instance: str | None
    scopes: list[Literal["admin", "send", "read", "manage"]]
    name: str
    created_at: str
    token: str | None


class Revoked(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence that it was done."""

    message: str


class GroupPage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of all groups, by name."""

    message: str
    data: list[Group]


class GroupFound(msgspec.Struct, frozen=True, kw_only=True):
    """One group."""

    message: str
    data: Group


class InviteLink(msgspec.Struct, frozen=True, kw_only=True):
    """The link that lets whoever has it in."""

    link: str


class GroupPicture(msgspec.Struct, frozen=True, kw_only=True):
    """Where the picture of a group lies, for some hours; both null when it has none."""

    picture_id: str | None
    url: str | None


class OtpCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code that is on its way."""

    uuid: str
    chat_id: str
    code: str
    status: Literal["pending"]
    otp_type: Literal["code"]
    expires_at: str
    created_at: str


class OtpCodeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of request-code."""

    success: bool
    message: str
    data: OtpCode


class OtpValidated(msgspec.Struct, frozen=True, kw_only=True):
    """A code that was right."""

    uuid: str
    chat_id: str
    status: Literal["validated"]
    validated_at: str


class OtpValidatedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of validate-code."""

    success: bool
    message: str
    data: OtpValidated


class LinkMessages(msgspec.Struct, frozen=True, kw_only=True):
    """The texts around a link; {name}, {code} and {link} (callback.success with the uuid) are filled in."""

    prompt: str | None = None
    success: str | None = None
    failed: str | None = None
    expired: str | None = None


class LinkCallbacks(msgspec.Struct, frozen=True, kw_only=True):
    """Where a POST goes once a link has its end."""

    success: str | None = None
    failed: str | None = None


class OtpLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link to hand on."""

    uuid: str
    code: str
    chat_id: str | None
    status: Literal["pending"]
    otp_type: Literal["link"]
    expires_at: str
    created_at: str
    whatsapp_link: str


class OtpLinkAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of generate-link."""

    success: bool
    message: str
    data: OtpLink


class ChatMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message as `message.any` tells it, and what has become of it since."""

    id: str
    timestamp: int
    from_: str = msgspec.field(name="from")
    fromMe: bool
    to: str
    participant: str | None
    source: str
    body: str
    type: str
    hasMedia: bool
    media: dict[str, Any] | None
    ack: int
    ackName: str
    replyTo: dict[str, Any] | None
    editedAt: str | None
    revokedAt: str | None
    seen: bool


class ChatView(msgspec.Struct, frozen=True, kw_only=True):
    """A chat."""

    id: str
    number: str | None
    lid: str | None
    name: str | None
    isGroup: bool
    unreadCount: int
    timestamp: int
    lastMessage: ChatMessage | None


class ChatList(msgspec.Struct, frozen=True, kw_only=True):
    """Chats, the one with the latest message first."""

    message: str
    data: list[ChatView]
    next_cursor: str | None


class MessagePage(msgspec.Struct, frozen=True, kw_only=True):
    """Messages of a chat, newest first."""

    message: str
    data: list[ChatMessage]
    next_cursor: str | None


class MediaView(msgspec.Struct, frozen=True, kw_only=True):
    """The file of a message; `url` needs no token until `urlExpiresAt`."""

    message: str
    data: dict[str, Any]
