"""Codes that a person reads in WhatsApp and types elsewhere.

What is kept of a code tells it only together with the gateway's key: a hash to check it by, and the uuid from
which it is drawn once more at the moment when it is sent. So no row of the outbox ever holds it.
"""

import hmac
import random
from collections.abc import Callable
from typing import Final, Protocol

import msgspec

from waypost.address import Jid, chat_key
from waypost.clock import Clock
from waypost.errors import OTP_EXPIRED, OTP_NONE, OTP_SPENT, OTP_USED, OTP_WRONG, OtpError
from waypost.instances.pairing import shortest
from waypost.otp.code import digest, draw
from waypost.otp.keys import Keys
from waypost.otp.otp import Otp, OtpStore
from waypost.outbox.uuids import new_uuid

# A code of six digits is then guessed once in 200,000 tries.
ATTEMPTS: Final = 5


class Sender(Protocol):
    """Sends a text through the outbox."""

    async def send(self, instance_id: str, chat: Jid, text: str, key: str) -> None:
        """Accept the text durably; the same `key` again sends nothing. Raises OutboxError, StorageError."""
        ...


class CodeSender(Protocol):
    """Sends a code through the outbox."""

    async def send_code(self, instance_id: str, chat: Jid, drawing: "Drawing") -> None:
        """Accept the message durably; the same code again sends nothing. Raises OutboxError, StorageError."""
        ...


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller wants of a code; `expires` in seconds."""

    length: int
    letters: bool
    numbers: bool
    capital: bool
    name: str
    expires: int


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """All that a code is drawn from but the key, and until when it is good (seconds since the epoch)."""

    uuid: str
    wanted: Wanted
    expires_at: float


class Codes:
    """Gives codes out, and checks them."""

    def __init__(
        self,
        store: OtpStore,
        keys: Keys,
        sender: Callable[[], CodeSender],
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._store = store
        self._keys = keys
        self._sender = sender
        self._clock = clock
        self._rng = rng

    async def request(self, instance_id: str, chat: Jid, wanted: Wanted) -> tuple[Otp, str]:
        """Send a fresh code to `chat`; what is kept of it, and the code. Raises InvalidRequest, OutboxError,
        StorageError.
        """
        name, now = _same_for_all(chat), self._clock.now()
        drawing = Drawing(uuid=new_uuid(now, self._rng), wanted=wanted, expires_at=now + wanted.expires)
        code = await self.code_of(drawing)
        otp = Otp(
            uuid=drawing.uuid,
            instance_id=instance_id,
            kind="code",
            chat=name,
            hashed=digest(await self._keys.get(), instance_id, name, code),
            status="pending",
            created_at=now,
            expires_at=drawing.expires_at,
        )
        await self._store.add(otp)
        await self._sender().send_code(instance_id, chat, drawing)
        return otp, code

    async def code_of(self, drawing: Drawing) -> str:
        """The code. Raises InvalidRequest, StorageError."""
        wanted = drawing.wanted
        return draw(
            await self._keys.get(),
            drawing.uuid,
            length=wanted.length,
            letters=wanted.letters,
            numbers=wanted.numbers,
            capital=wanted.capital,
        )

    async def validate(self, instance_id: str, chat: Jid, code: str) -> Otp:
        """The code of `chat`, used up by this. Raises OtpError, StorageError."""
        name, now = _same_for_all(chat), self._clock.now()
        otp = await self._store.newest_code(instance_id, name)
        if otp is None:
            raise OtpError(OTP_NONE)
        if otp.status == "validated":
            raise OtpError(OTP_USED)
        if otp.status == "failed":
            raise OtpError(OTP_SPENT)
        if otp.expires_at <= now:
            raise OtpError(OTP_EXPIRED)
        # Counted before it is compared, so that no two calls at once share a try.
        attempts = await self._store.count_attempt(otp.uuid, ATTEMPTS)
        if attempts is None:
            raise OtpError(OTP_SPENT)
        hashed = digest(await self._keys.get(), instance_id, name, code.strip())
        if not hmac.compare_digest(hashed, otp.hashed):
            if attempts >= ATTEMPTS:
                await self._store.settle(otp.uuid, "failed", now)
                raise OtpError(OTP_SPENT)
            raise OtpError(OTP_WRONG, attempts_left=ATTEMPTS - attempts)
        if not await self._store.settle(otp.uuid, "validated", now):
            raise OtpError(OTP_USED)
        return msgspec.structs.replace(otp, status="validated", settled_at=now)


def _same_for_all(chat: Jid) -> str:
    """The chat's name however its number was typed: with or without the digits that some countries add."""
    return chat_key(Jid.of_number(shortest(chat.user)) if chat.is_number else chat)


def text_of(code: str, wanted: Wanted) -> str:
    """The message that brings the code; the code first, where a notification shows it."""
    minutes = wanted.expires // 60
    lasts = "1 minute" if minutes == 1 else f"{minutes} minutes"
    name = f"{wanted.name} " if wanted.name else ""
    return f"{code} is your {name}code. It works once, within {lasts}. Tell it to nobody."
