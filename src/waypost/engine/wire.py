"""What the gateway and an engine process say to each other: frames over a socket pair.

A frame is a 4-byte big-endian length and one msgpack message. Commands carry a call number; the answer to
each (`Done` or `Failed`) repeats it. Signals come unasked. Events do not travel here: they go through the
spool, and a signal only says that there are new ones, so that nothing is lost in a buffer when either side
dies.
"""

import asyncio
from typing import Any, Final

import msgspec

from waypost.engine.account import AccountOrder
from waypost.engine.groups import GroupOrder
from waypost.engine.port import ChatState, PairingEvent, SendOrder

HEADER_BYTES: Final = 4
MAX_FRAME: Final = 8 << 20  # bytes; the largest is a text of 64 kB with a quoted message
_BUFFER_LIMIT: Final = 1 << 20  # bytes that a writer may leave unsent before `send` waits


# --- gateway → engine process -------------------------------------------------------------------------------


class OnBehalf(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A command that is given for a call of the API, whose request id lines of the log carry."""

    request_id: str | None = None


class Configure(msgspec.Struct, frozen=True, kw_only=True, tag="configure"):
    """The first frame: which network this process serves for all its life, and how long (seconds) a start may
    keep its sessions from being called before it has to move."""

    call: int
    network: str
    proxy_url: str | None
    noise_root: bytes | None
    start_patience: float


class OpenSession(msgspec.Struct, frozen=True, kw_only=True, tag="open"):
    """Lock `folder`, which events go to, and keep the session of `store` connected; the library opens the
    store by that name, which may hold a password."""

    call: int
    session: str
    folder: str
    store: str

    def __repr__(self) -> str:
        """Without the name of the store."""
        return f"OpenSession(session={self.session!r})"


class CloseSession(msgspec.Struct, frozen=True, kw_only=True, tag="close"):
    """Disconnect, wait for calls that run, and let go of the store."""

    call: int
    session: str


class LogoutSession(msgspec.Struct, frozen=True, kw_only=True, tag="logout"):
    """Ask the server to unlink the device."""

    call: int
    session: str


class SendMessage(OnBehalf, frozen=True, kw_only=True, tag="send"):
    """Send one message: refused when its turn does not come within `turn_within` seconds, given up
    `ack_within` seconds after that."""

    call: int
    session: str
    order: SendOrder
    turn_within: float
    ack_within: float


class UploadFile(OnBehalf, frozen=True, kw_only=True, tag="upload"):
    """Encrypt and upload the file at `path`."""

    call: int
    session: str
    path: str
    kind: str


class CheckNumbers(OnBehalf, frozen=True, kw_only=True, tag="check"):
    """Ask which numbers are on WhatsApp."""

    call: int
    session: str
    numbers: list[str]


class AboutAccount(msgspec.Struct, frozen=True, kw_only=True, tag="account"):
    """Ask about the account itself, or change it."""

    call: int
    session: str
    order: AccountOrder


class AboutGroups(msgspec.Struct, frozen=True, kw_only=True, tag="groups"):
    """Ask about groups, or change one."""

    call: int
    session: str
    order: GroupOrder


class MarkRead(msgspec.Struct, frozen=True, kw_only=True, tag="mark_read"):
    """Tell a sender that its messages were read."""

    call: int
    session: str
    chat: str
    sender: str
    message_ids: list[str]


class DownloadFile(msgspec.Struct, frozen=True, kw_only=True, tag="download"):
    """Fetch and decrypt the file of a message (its protobuf) to `path`."""

    call: int
    session: str
    content: bytes
    path: str


class RejectCall(msgspec.Struct, frozen=True, kw_only=True, tag="reject_call"):
    """Decline a call."""

    call: int
    session: str
    caller: str
    call_id: str


class ShowInChat(msgspec.Struct, frozen=True, kw_only=True, tag="chat_presence"):
    """Show in a chat that the account types, records or neither."""

    call: int
    session: str
    chat: str
    state: ChatState


class ShowPresence(msgspec.Struct, frozen=True, kw_only=True, tag="presence"):
    """Show the account as online or not."""

    call: int
    session: str
    available: bool


class BeginPairing(msgspec.Struct, frozen=True, kw_only=True, tag="pair"):
    """Make a new device in `store` and show QR codes, or with `phone` a code that is typed into it."""

    call: int
    session: str
    store: str
    phone: str | None = None

    def __repr__(self) -> str:
        """Without the name of the store."""
        return f"BeginPairing(session={self.session!r})"


class HoldUntil(msgspec.Struct, frozen=True, kw_only=True, tag="hold_until"):
    """End this process at `deadline`, unless a later one is named first.

    Seconds of the machine's monotonic clock, which both sides share: what has waited in a socket while one of
    them was halted is as true as it was.
    """

    call: int
    deadline: float


class Ping(msgspec.Struct, frozen=True, kw_only=True, tag="ping"):
    """Is anybody there?"""

    call: int


Command = (
    Configure
    | OpenSession
    | CloseSession
    | LogoutSession
    | SendMessage
    | UploadFile
    | CheckNumbers
    | AboutAccount
    | AboutGroups
    | MarkRead
    | DownloadFile
    | RejectCall
    | ShowInChat
    | ShowPresence
    | BeginPairing
    | HoldUntil
    | Ping
)


# --- engine process → gateway -------------------------------------------------------------------------------


class Done(msgspec.Struct, frozen=True, kw_only=True, tag="done"):
    """The call succeeded; `result` is msgpack of the type that the call returns."""

    call: int
    result: msgspec.Raw = msgspec.Raw(b"\xc0")


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """The call failed with a code of the table of errors."""

    call: int
    code: str
    detail: str | None = None
    facts: dict[str, Any] = msgspec.field(default_factory=dict)


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag="ready"):
    """What `Configure` returns."""

    version: str
    pid: int


class Spooled(msgspec.Struct, frozen=True, kw_only=True, tag="spooled"):
    """The spool of `session` has grown."""

    session: str


class PairingStep(msgspec.Struct, frozen=True, kw_only=True, tag="pairing"):
    """A pairing went on; None says that its codes are used up."""

    session: str
    step: PairingEvent | None


class StartSlow(msgspec.Struct, frozen=True, kw_only=True, tag="slow"):
    """The start of `session` keeps the others from their work: the library may still be writing its maps, and
    calls are refused until it has; or it is stuck, and other starts wait."""

    session: str


class Occupied(msgspec.Struct, frozen=True, kw_only=True, tag="occupied"):
    """Whether sessions have been connecting for so long that another would have to wait for them."""

    occupied: bool


Report = Done | Failed | Spooled | PairingStep | StartSlow | Occupied


_encoder: Final = msgspec.msgpack.Encoder()


class FrameError(Exception):
    """The other side sent a frame that is too long or can't be read."""


def encode(message: Command | Report) -> bytes:
    """One message as a frame."""
    body = _encoder.encode(message)
    if len(body) > MAX_FRAME:
        raise FrameError(f"a frame of {len(body)} bytes")
    return len(body).to_bytes(HEADER_BYTES, "big") + body


async def read_frame(reader: asyncio.StreamReader) -> bytes | None:
    """The body of the next frame; None at the end of the stream. Raises FrameError."""
    try:
        header = await reader.readexactly(HEADER_BYTES)
        size = int.from_bytes(header, "big")
        if size > MAX_FRAME:
            raise FrameError(f"a frame of {size} bytes")
        return await reader.readexactly(size)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


class FrameWriter:
    """Writes whole frames; waits while the other side is slow."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        transport = writer.transport
        transport.set_write_buffer_limits(high=_BUFFER_LIMIT)

    async def send(self, message: Command | Report) -> None:
        """Write one message. Raises ConnectionError when the other side is gone."""
        self._writer.write(encode(message))
        await self._writer.drain()

    def close(self) -> None:
        """Close the socket; the other side reads the end of the stream."""
        self._writer.close()
