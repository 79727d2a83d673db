"""What the rest of the house knows of an engine: sessions that send, and events that must not be lost.

JIDs travel as text (`4915112345678@s.whatsapp.net`, `99@lid`, `1203@g.us`), times as seconds since the epoch.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

from waypost.engine.account import AccountAnswer, AccountEvent, AccountOrder
from waypost.engine.groups import GroupAnswer, GroupChanged, GroupOrder


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """The network that an engine process connects to; one process never serves two of them.

    For the sandbox: `proxy_url` of its CONNECT proxy, its CA as PEM, and the 32-byte public Noise root key.
    """

    name: Literal["whatsapp", "sandbox"]
    proxy_url: str | None = None
    ca_pem: str | None = None
    noise_root: bytes | None = None


# --- what is sent -------------------------------------------------------------------------------------------


class UploadedMedia(msgspec.Struct, frozen=True, kw_only=True):
    """Where an encrypted upload lies and what is needed to fetch and read it."""

    url: str
    direct_path: str
    media_key: bytes
    file_sha256: bytes
    file_enc_sha256: bytes
    file_length: int
    uploaded_at: int


Content = dict[str, Any]
"""A message by the field names of WhatsApp's protobuf (waE2E.proto as whatsmeow has it): `{"audioMessage":
{"URL": …, "seconds": 3, "waveform": b"…"}}`. Sub-messages are objects, repeated fields lists, enums names,
`None` is absent. So a new kind of message needs no word here."""


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """The message that is replied to; `content` is its stored protobuf, absent when only its id is known."""

    message_id: str
    participant: str
    content: bytes | None = None


class SendOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one chat.

    `secret` (32 bytes) becomes the message secret, which the engine's store keeps beside the message id
    before the frame leaves: after a crash it tells whether that happened. The quote goes into whatever part
    of `content` has a `contextInfo`; a plain `conversation` becomes an `extendedTextMessage` for it.
    `forwards` is the protobuf of a message that is passed on, in the place of `content`.
    """

    chat: str
    content: Content
    secret: bytes
    quote: Quote | None = None
    forwards: bytes | None = None


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """The server's ack of a send. `content` is the protobuf that was sent, kept so that it can be quoted;
    `names` is the same as JSON values (see `engine.names`)."""

    message_id: str
    timestamp: int
    content: bytes
    names: Content = {}


# --- what a session knows -----------------------------------------------------------------------------------


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """The server's answer about a number: `jid` is the one to send to (it may correct the one asked for)."""

    asked: str
    exists: bool
    jid: str | None = None
    lid: str | None = None


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """Which store a send was made with. "No row" proves that nothing was sent only within the same store."""

    device_jid: str
    generation: str


class NeverSent(msgspec.Struct, frozen=True, tag="never_sent"):
    """The store, proven writable just before, holds no row for the secret: the frame never left."""


class MaybeSent(msgspec.Struct, frozen=True, tag="maybe_sent"):
    """The store holds a row: the id is known, and only receipts can tell whether it arrived."""

    message_id: str


class Unknowable(msgspec.Struct, frozen=True, tag="unknowable"):
    """Another store than the one that sent (logged out, paired anew): nothing can be told."""

    reason: str


Settlement = NeverSent | MaybeSent | Unknowable


UploadKind = Literal["audio", "image", "video", "document", "thumbnail"]
"""What a file is encrypted as; `thumbnail` is the large picture of a link preview."""

ChatState = Literal["typing", "recording", "paused"]


class Session(Protocol):
    """A live, connected session of one instance. All calls have a deadline of their own."""

    @property
    def mark(self) -> Mark:
        """Device JID and generation of the store that sends now."""
        ...

    async def check(self, numbers: Sequence[str]) -> list[Recipient]:
        """Ask the server which of `numbers` (digits, or `…@lid`) are on WhatsApp. Raises EngineError."""
        ...

    async def upload(self, path: Path, kind: UploadKind) -> UploadedMedia:
        """Encrypt and upload the file. Raises EngineError(MEDIA_UPLOAD_FAILED | NOT_CONNECTED | …)."""
        ...

    async def send(self, order: SendOrder) -> Sent:
        """Send one message and wait for the server's ack.

        Raises EngineError when it is certain that nothing was sent or that the server refused it, with the
        fault that says which; raises OutcomeUnknown when the frame may have left. `content` that is not of
        the protobuf is EngineError(CONTENT_INVALID).
        """
        ...

    async def account(self, order: AccountOrder) -> AccountAnswer:
        """Ask about the account itself, or change it. Raises EngineError(STATE_KEY_MISSING |
        PICTURE_REFUSED | NOT_CONNECTED | …)."""
        ...

    async def group(self, order: GroupOrder) -> GroupAnswer:
        """Ask about groups, or change one. Raises EngineError(GROUP_NOT_FOUND | GROUP_NOT_ADMIN |
        GROUP_VALUE_REFUSED | INVITE_INVALID | NOT_CONNECTED | …)."""
        ...

    async def mark_read(self, chat: str, sender: str, message_ids: Sequence[str]) -> None:
        """Tell `sender` (who wrote them, the chat itself in a direct one) that its messages were read; where
        the account hides that, only its own devices learn it. Raises EngineError."""
        ...

    async def chat_presence(self, chat: str, state: ChatState) -> None:
        """Show in a chat that the account types or records, or no longer does; phones let it fade after some
        seconds. Raises EngineError."""
        ...

    async def presence(self, available: bool) -> None:
        """Show the account as online or not, to those who may see it. Raises EngineError; its fault
        ACCOUNT_UNNAMED says that WhatsApp has not synchronised the account's name to this device yet."""
        ...

    async def download(self, content: bytes, path: Path) -> int:
        """Fetch, check and decrypt the file of a message (its protobuf) to `path`; its size in bytes. Raises
        EngineError(MEDIA_DOWNLOAD_FAILED | MEDIA_GONE | NOT_CONNECTED)."""
        ...

    async def reject_call(self, caller: str, call_id: str) -> None:
        """Decline a call that was offered. Raises EngineError."""
        ...

    async def settle(self, secret: bytes, mark: Mark) -> Settlement:
        """What became of a send with `secret` that was begun on the store of `mark`. Raises EngineError."""
        ...


# --- what happens to a session ------------------------------------------------------------------------------

SessionState = Literal[
    "starting", "connected", "disconnected", "logged_out", "replaced", "banned", "outdated", "failed"
]


class StateChanged(msgspec.Struct, frozen=True, kw_only=True, tag="state"):
    """A session's connection changed. `until` (epoch seconds) where the server named an end (a temporary
    ban)."""

    instance_id: str
    at: float
    state: SessionState
    reason: str = ""
    jid: str | None = None
    lid: str | None = None
    push_name: str | None = None
    until: float | None = None


class ReceiptArrived(msgspec.Struct, frozen=True, kw_only=True, tag="receipt"):
    """A receipt for messages of ours, or the own phone's `sender` copy. `key` makes replays idempotent."""

    instance_id: str
    at: float
    key: str
    kind: Literal[
        "delivered", "inactive", "read", "played", "sender", "retry", "read-self", "played-self", "other"
    ]
    chat: str
    participant: str
    message_ids: list[str]
    timestamp: int


class MessageArrived(msgspec.Struct, frozen=True, kw_only=True, tag="message"):
    """An incoming message, or one sent from another device of the account; `content` is its protobuf.

    `names` is the same as JSON values (see `engine.names`), out of its wrappers; `secret` what votes and the
    like refer to it by. `chat_alt` and `sender_alt` are the other address (LID or number) where it was told.
    `edited` is the protobuf of what an edit puts into the place of what was there; `by_admin` says that the
    server has let an admin of the group take back what another member said.
    """

    instance_id: str
    at: float
    key: str
    message_id: str
    chat: str
    sender: str
    sender_alt: str | None
    from_me: bool
    push_name: str
    timestamp: int
    content: bytes
    chat_alt: str | None = None
    names: Content = {}
    secret: bytes | None = None
    view_once: bool = False
    edited: bytes | None = None
    by_admin: bool = False


class MessageUndecrypted(msgspec.Struct, frozen=True, kw_only=True, tag="undecrypted"):
    """A message that this device could not decrypt, and has asked its sender for again."""

    instance_id: str
    at: float
    key: str
    message_id: str
    chat: str
    sender: str
    sender_alt: str | None
    from_me: bool
    timestamp: int
    chat_alt: str | None = None


class CallOffered(msgspec.Struct, frozen=True, kw_only=True, tag="call"):
    """Somebody calls. `caller` is to be rejected by; `group` is the JID of a group call's group."""

    instance_id: str
    at: float
    key: str
    call_id: str
    caller: str
    caller_alt: str | None
    timestamp: int
    video: bool = False
    group: str | None = None


EngineEvent = (
    StateChanged
    | ReceiptArrived
    | MessageArrived
    | MessageUndecrypted
    | CallOffered
    | GroupChanged
    | AccountEvent
)


class EventSink(Protocol):
    """Where events go. They are kept in the spool until this returns, and come again after a crash: be
    idempotent."""

    async def deliver(self, events: Sequence[EngineEvent]) -> None:
        """Store `events` durably; returning means committed."""
        ...


# --- pairing ------------------------------------------------------------------------------------------------


class QrCode(msgspec.Struct, frozen=True, kw_only=True, tag="qr"):
    """The text to draw as a QR code, or where it is `typed` the code to type into the phone; valid until
    `expires_at`."""

    text: str
    expires_at: float
    typed: bool = False


class Paired(msgspec.Struct, frozen=True, kw_only=True, tag="paired"):
    """A phone scanned the code; the store is complete and the session can be opened."""

    jid: str
    lid: str | None
    push_name: str = ""


class PairingFailed(msgspec.Struct, frozen=True, kw_only=True, tag="pairing_failed"):
    """Pairing ended without a phone: `code` of the table of errors and one sentence."""

    code: str
    reason: str


PairingEvent = QrCode | Paired | PairingFailed


class PairingWatcher(Protocol):
    """Told how a pairing goes, in order; Paired or PairingFailed is the last."""

    async def on_pairing(self, instance_id: str, event: PairingEvent) -> None:
        """Take note of one step."""
        ...


class Engine(Protocol):
    """Runs sessions. One folder per instance holds everything that a session keeps."""

    async def pair(self, instance_id: str, network: Network, phone: str | None = None) -> None:
        """Begin (or begin anew) to pair; steps go to the PairingWatcher. Returns once the process runs.

        With `phone` (digits), its user types a code instead of scanning one.
        """
        ...

    async def stop_pairing(self, instance_id: str) -> None:
        """End a pairing that nobody waits for any more; no-op when there is none."""
        ...

    async def warm(self, network: Network) -> None:
        """Have a process run for sessions that are about to be opened, since its start takes a while. Raises
        EngineError."""
        ...

    async def open(self, instance_id: str, network: Network) -> None:
        """Keep the session of a paired instance connected from now on; reconnects and restarts by itself."""
        ...

    async def close(self, instance_id: str) -> None:
        """Disconnect the session and stop keeping it; the store stays."""
        ...

    async def logout(self, instance_id: str) -> None:
        """Unlink the device at the server where possible, and delete the store."""
        ...

    def session(self, instance_id: str) -> Session | None:
        """The session when it is connected right now."""
        ...
