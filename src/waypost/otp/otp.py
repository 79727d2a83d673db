"""What a one-time code is, and where it is kept."""

from typing import Literal, Protocol

import msgspec

Kind = Literal["code", "link"]
Status = Literal["pending", "validated", "verified", "failed", "expired", "replaced"]


class LinkTexts(msgspec.Struct, frozen=True, kw_only=True):
    """What the instance answers whoever sends a link's text, and where its owner learns of it."""

    name: str
    success: str
    failed: str
    expired: str
    on_success: str | None = None
    on_failed: str | None = None


class Otp(msgspec.Struct, frozen=True, kw_only=True):
    """A code that was given out. `chat` is a JID, empty for a link that anybody may use; `hashed` is all that
    is kept of the code; `settled_by` is the message that a link was settled by. Times are seconds since the
    epoch.
    """

    uuid: str
    instance_id: str
    kind: Kind
    chat: str
    hashed: bytes
    status: Status
    created_at: float
    expires_at: float
    attempts: int = 0
    settled_at: float | None = None
    settled_by: str | None = None
    texts: LinkTexts | None = None


class SettledBy(msgspec.Struct, frozen=True, kw_only=True):
    """The message that settled a link, and who wrote it (a JID)."""

    message_id: str
    chat: str


class Callback(msgspec.Struct, frozen=True, kw_only=True):
    """A call that has to be made: what became of a link `at` that time, by whom; `tries` counts this one."""

    uuid: str
    url: str
    status: Status
    chat: str
    name: str
    at: float
    tries: int


class OtpStore(Protocol):
    """Where codes are kept."""

    async def key(self) -> bytes:
        """The gateway's key, the same for all nodes."""
        ...

    async def add(self, otp: Otp) -> None:
        """Keep a new one; a code takes the place of a pending one of its chat."""
        ...

    async def newest_code(self, instance_id: str, chat: str) -> Otp | None:
        """The code that was given out last for a chat."""
        ...

    async def link(self, instance_id: str, hashed: bytes) -> Otp | None:
        """The link with that code."""
        ...

    async def count_attempt(self, uuid: str, most: int) -> int | None:
        """Count an attempt and give their number; None when there were `most`, or it is settled."""
        ...

    async def settle(
        self,
        uuid: str,
        status: Status,
        at: float,
        by: SettledBy | None = None,
        callback: str | None = None,
    ) -> bool:
        """Give a pending one its end; False when it has one. `callback`: what has to be called now."""
        ...

    async def take_callbacks(self, now: float, until: float, limit: int) -> list[Callback]:
        """Calls that are due, at most `limit`; nobody else gets them until then."""
        ...

    async def callback_at(self, uuid: str, at: float | None) -> None:
        """Make the call again then; None: never."""
        ...

    async def delete_older(self, than: float, limit: int) -> int:
        """Forget those that ran out before `than`, at most `limit`; returns how many."""
        ...
