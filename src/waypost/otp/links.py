"""Links that open WhatsApp with a text to send: whoever sends it has shown whose number theirs is.

The text carries the code in brackets. What arrives is judged once per message, however often it is told, and
the answer's key is the message's id, so that a crash between the two sends it neither twice nor never.
"""

import random
import re
from collections.abc import Callable, Sequence
from typing import Final, Protocol
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit, urlunsplit

import msgspec

from waypost.address import Jid, chat_key
from waypost.clock import Clock
from waypost.errors import InvalidRequest
from waypost.instances.instance import Instance
from waypost.instances.pairing import same_number
from waypost.otp.code import LINK_LENGTH, digest, draw_for_link
from waypost.otp.codes import Sender
from waypost.otp.keys import Keys
from waypost.otp.otp import LinkTexts, Otp, OtpStore, SettledBy, Status
from waypost.outbox.uuids import new_uuid

_CODE: Final = re.compile(rf"\[([A-Z]{{{LINK_LENGTH}}})\]")


class Names(Protocol):
    """Who knows which addresses are one account."""

    async def names_of(self, instance_id: str, chat: Jid) -> Sequence[Jid]:
        """Every address of an account, `chat` among them."""
        ...


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """A text that somebody sent to an instance, in the chat of the two."""

    instance_id: str
    message_id: str
    chat: Jid
    text: str


class Links:
    """Makes links, and judges the texts that come from them."""

    def __init__(
        self,
        store: OtpStore,
        keys: Keys,
        sender: Callable[[], Sender],
        names: Names,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._store = store
        self._keys = keys
        self._sender = sender
        self._names = names
        self._clock = clock
        self._rng = rng

    async def make(
        self, instance_id: str, chat: Jid | None, texts: LinkTexts, expires: float
    ) -> tuple[Otp, str]:
        """A link for `chat`, or for anybody, that lasts `expires` seconds; what is kept of it, and its code.
        Raises InvalidRequest, StorageError.
        """
        if "{link}" in texts.success and texts.on_success is None:
            raise InvalidRequest({"callback.success": ["The {link} of message.success is this address."]})
        code, now = draw_for_link(self._rng), self._clock.now()
        otp = Otp(
            uuid=new_uuid(now, self._rng),
            instance_id=instance_id,
            kind="link",
            chat="" if chat is None else chat_key(chat),
            hashed=digest(await self._keys.get(), instance_id, code),
            status="pending",
            created_at=now,
            expires_at=now + expires,
            texts=texts,
        )
        await self._store.add(otp)
        return otp, code

    async def hear(self, heard: Heard) -> None:
        """Judge a text, if it is one of a link. Raises OutboxError, StorageError: then tell it again."""
        found = _CODE.search(heard.text)
        if found is None:
            return
        code = found[1]
        hashed = digest(await self._keys.get(), heard.instance_id, code)
        otp = await self._store.link(heard.instance_id, hashed)
        if otp is None or otp.texts is None:
            return
        status = otp.status if otp.settled_by == heard.message_id else await self._settle(otp, heard)
        text = {"verified": otp.texts.success, "failed": otp.texts.failed}.get(status, otp.texts.expired)
        if text:
            answer = filled(text, otp, code)
            await self._sender().send(
                heard.instance_id, heard.chat, answer, f"otp-{otp.uuid}-{heard.message_id}"
            )

    async def _settle(self, otp: Otp, heard: Heard) -> Status:
        """The end that this text gives to the link; `expired` as well where it has one."""
        now, texts = self._clock.now(), otp.texts
        status: Status = "verified"
        if now >= otp.expires_at:
            status = "expired"
        elif otp.chat and not await self._is_same(heard, Jid.parse(otp.chat)):
            status = "failed"
        callback = None
        if texts is not None:
            callback = texts.on_success if status == "verified" else texts.on_failed
        settled_by = SettledBy(message_id=heard.message_id, chat=await self._number(heard))
        is_first = await self._store.settle(otp.uuid, status, now, settled_by, callback)
        return status if is_first else "expired"

    async def _number(self, heard: Heard) -> str:
        """Who wrote, by their number where it is known."""
        names = await self._names.names_of(heard.instance_id, heard.chat)
        return str(next((one for one in names if one.is_number), heard.chat))

    async def _is_same(self, heard: Heard, wanted: Jid) -> bool:
        """Whether it was written by the account that the link is for."""
        wrote = await self._names.names_of(heard.instance_id, heard.chat)
        meant = await self._names.names_of(heard.instance_id, wanted)
        return not set(wrote).isdisjoint(meant) or any(
            same_number(one.user, other.user)
            for one in wrote
            for other in meant
            if one.is_number and other.is_number
        )


def number_of(instance: Instance) -> str:
    """The number to write to an instance at: the one that its account is registered by, which in some
    countries is not the one that is dialled."""
    return instance.phone if instance.account is None else Jid.parse(instance.account.jid).user


def whatsapp_link(phone: str, prompt: str, code: str) -> str:
    """The address that opens WhatsApp with the text to send to `phone` (digits)."""
    return f"https://wa.me/{phone}?text={quote_plus(f'{prompt} [{code}]')}"


def filled(text: str, otp: Otp, code: str) -> str:
    """`text` with its {name}, {code} and {link}: the caller's own page, told which link it was."""
    name = "" if otp.texts is None else otp.texts.name
    page = None if otp.texts is None else otp.texts.on_success
    link = "" if page is None else _with_uuid(page, otp.uuid)
    return text.replace("{name}", name).replace("{code}", code).replace("{link}", link)


def _with_uuid(url: str, uuid: str) -> str:
    parts = urlsplit(url)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), ("uuid", uuid)])
    return urlunsplit(parts._replace(query=query))
