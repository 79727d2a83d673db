"""What the control API speaks: JSON bodies of calls and answers, shared by the server and `SandboxClient`.

Numbers are written with a leading `+`; bytes are base64.
"""

from typing import Annotated, Any, Literal

import msgspec

from waypost.sandbox.act_views import Act

Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e9)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]

FailureKind = Literal[
    "ban",
    "outdated",
    "logged_out",
    "server_error",
    "replaced",
    "refuse_message",
    "drop_connection",
    "withhold_ack",
    "slow_media",
    "failing_media",
    "no_receipts",
    "unknown_iq",
]


class NetworkView(msgspec.Struct, frozen=True):
    """What an engine needs to be redirected here."""

    proxy_url: str
    ca_pem: str
    noise_root_public: bytes
    """32 bytes."""
    media_host: str
    web_socket_url: str


class NewPhone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A virtual phone to create."""

    phone: str
    name: str = ""


class DeviceView(msgspec.Struct, frozen=True):
    """A linked companion."""

    device: int
    push_name: str
    online: bool
    waiting: int
    """Stanzas that it has not confirmed."""
    prekeys: int
    linked_at: float


class PhoneView(msgspec.Struct, frozen=True):
    """A virtual phone and its companions."""

    phone: str
    name: str
    lid: str
    devices: list[DeviceView]


class Scan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The text of a QR code."""

    qr: str


class Scanned(msgspec.Struct, frozen=True):
    """The device that a scan linked."""

    phone: str
    device: int
    jid: str


class Unlink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which device to remove; none = all."""

    device: Count | None = None


class Unlinked(msgspec.Struct, frozen=True):
    """The devices that were removed."""

    devices: list[int]


class NewContact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A contact to create; delays in seconds, null = never.

    `registered_as` is the number that the check corrects `phone` to, as with Brazil's ninth digit.
    """

    phone: str
    name: str = ""
    delivered_after: float | None = 0.0
    read_after: float | None = None
    played_after: float | None = None
    registered_as: str | None = None


class ContactPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change about a contact; an absent field stays."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    delivered_after: float | msgspec.UnsetType | None = msgspec.UNSET
    read_after: float | msgspec.UnsetType | None = msgspec.UNSET
    played_after: float | msgspec.UnsetType | None = msgspec.UNSET
    forget_sessions: bool = False
    """Wipe its Signal sessions: what arrives next is answered with retry receipts."""


class ContactView(msgspec.Struct, frozen=True):
    """A contact that the sandbox plays."""

    phone: str
    registered_as: str
    name: str
    lid: str
    delivered_after: float | None
    read_after: float | None
    played_after: float | None
    messages: int
    """Messages in its inbox."""


class AudioView(msgspec.Struct, frozen=True):
    """A voice note or an audio file."""

    seconds: int
    ptt: bool
    waveform: bytes
    mimetype: str
    file_sha256: bytes
    size: int
    """Bytes, as the message states them."""


class InboxMessage(msgspec.Struct, frozen=True):
    """A message that a contact received and decrypted."""

    seq: int
    id: str
    sender: str = msgspec.field(name="from")
    from_lid: str
    timestamp: float
    type: str
    """text, audio, image, video, ptv (a round video), document, sticker, reaction, contact, location,
    protocol or other."""
    text: str | None
    quoted_id: str | None
    quoted_text: str | None
    audio: AudioView | None
    media: str
    """`none`, or what downloading and checking gave: `ok`, `missing`, `corrupt`."""
    times: int
    """How often it was decrypted under this id: more than 1 is a duplicate."""
    raw: bytes
    """The decrypted protobuf."""
    group: str | None = None
    """JID of the group that it was written in."""
    fields: dict[str, Any] = {}
    """The same as JSON, by the names of `message.proto`, and by number where that has no name."""
    view_once: bool = False


class Inbox(msgspec.Struct, frozen=True):
    """Messages behind the `after` asked for, oldest first; `last` is the `after` of the next call."""

    messages: list[InboxMessage]
    last: int


class Attachment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that a contact sends, and what its message says of it: nothing is looked up in the file.

    `ptv` is a round video; `thumbnail` a small JPEG. Sizes are pixels.
    """

    kind: Literal["image", "video", "ptv", "document", "sticker"]
    data: bytes
    mimetype: str
    caption: str | None = None
    filename: str | None = None
    width: Count = 0
    height: Count = 0
    seconds: Count = 0
    thumbnail: bytes = b""
    view_once: bool = False
    animated: bool = False
    url: str | None = None
    """Where the message says that the file lies, which is not where it does."""


class Send(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message of a contact to a phone: `text`, `audio` (the bytes of a voice note), another `file`, or an
    `act` that is no plain message."""

    to: str
    text: str | None = None
    audio: bytes | None = None
    file: Attachment | None = None
    act: Act | None = None
    mimetype: str = "audio/ogg; codecs=opus"
    seconds: Count = 0
    waveform: bytes = b""
    ptt: bool = True
    reply_to: str | None = None
    """The id of a message in this contact's inbox or sent by it."""


class Sent(msgspec.Struct, frozen=True):
    """A message that a contact sent; `status` is sent, delivered, read or played."""

    id: str
    to: str
    status: str
    devices: int = 0
    """Devices it was encrypted for, the phone itself included."""


class Written(msgspec.Struct, frozen=True):
    """A message as the contact that sent it has it; `status` as in `Sent`, `type` as in `InboxMessage`."""

    id: str
    to: str
    at: float
    status: str
    type: str
    text: str | None
    audio: AudioView | None
    quoted_id: str | None


class NewFailure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something to go wrong. `phone`, `device`, `contact` narrow it down; `times` null = until deleted.

    Which of the other fields count depends on `kind`; one that does not is refused. `docs/sandbox.md` has the
    table.
    """

    kind: FailureKind
    phone: str | None = None
    device: Count | None = None
    contact: str | None = None
    times: Annotated[int, msgspec.Meta(ge=1)] | None = None
    seconds: Seconds | None = None
    code: Count | None = None
    skip: Count = 0
    """Occasions to let pass first."""
    when: Literal["before", "after"] = "after"
    """drop_connection: before or after the message is stored."""
    direction: Literal["upload", "download", "both"] = "both"
    xmlns: str | None = None


class Failure(msgspec.Struct, frozen=True):
    """An injected failure and how often it was applied."""

    id: str
    rule: NewFailure
    applied: int = 0
    passed: int = 0


class LogLine(msgspec.Struct, frozen=True):
    """A stanza, without its content, or a remark of the server."""

    at: float
    device: str
    way: str
    what: str


class Stats(msgspec.Struct, frozen=True):
    """Counters since the sandbox was started."""

    online: int
    pairing: int
    counts: dict[str, int]


class ErrorView(msgspec.Struct, frozen=True):
    """Every error of the control API."""

    code: str
    message: str
