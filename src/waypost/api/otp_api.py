"""One-time codes over HTTP, under a base of their own as existing clients know it."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

from waypost.address import Jid, parse_chat_id
from waypost.api.body import BodyReader
from waypost.api.endpoint import Call, Endpoint
from waypost.api.fields import FieldsReader
from waypost.api.replies import Reply
from waypost.clock import iso
from waypost.errors import FetchError, InvalidRequest
from waypost.net.egress import parse_url
from waypost.operations.fields import ChatId
from waypost.otp.codes import Codes, Wanted
from waypost.otp.links import Links, number_of, whatsapp_link
from waypost.otp.otp import LinkTexts, Otp

_BASE: Final = "/api/otp/v2/{instance}"
_LENGTH: Final = 6
_EXPIRES: Final = 1800
_TEXT_MAX: Final = 4096

Fields = TypeVar("Fields", bound=msgspec.Struct)
Name = Annotated[str, Meta(max_length=100)]
Text = Annotated[str, Meta(max_length=_TEXT_MAX)]
Address = Annotated[str, Meta(max_length=2048)]


class RequestCode(msgspec.Struct, frozen=True, kw_only=True):
    """The body of request-code."""

    chatId: ChatId
    length: Annotated[
        Annotated[int, Meta(ge=4, le=10)] | None, Meta(description="Characters of the code; 6 unless given.")
    ] = None
    useLetter: Annotated[bool | None, Meta(description="Whether it has letters; false unless given.")] = None
    useNumber: Annotated[bool | None, Meta(description="Whether it has digits; true unless given.")] = None
    allCapital: Annotated[
        bool | None, Meta(description="Whether its letters are capitals; false unless given.")
    ] = None
    name: Annotated[Name | None, Meta(description="Whose code it is, for the message.")] = None
    expires: Annotated[
        Annotated[int, Meta(ge=60, le=1800)] | None,
        Meta(description="How long it can be used, in seconds; 1800 unless given."),
    ] = None


class ValidateCode(msgspec.Struct, frozen=True, kw_only=True):
    """The body of validate-code."""

    chatId: ChatId
    code: Annotated[str, Meta(description="What the person typed.", min_length=1, max_length=32)]


class LinkMessages(msgspec.Struct, frozen=True, kw_only=True):
    """The texts around a link; {name}, {code} and {link} (callback.success with the uuid) are filled in."""

    prompt: Annotated[Text | None, Meta(description="What the person sends, before the code.")] = None
    success: Annotated[Text | None, Meta(description="The answer when it was in time.")] = None
    failed: Annotated[Text | None, Meta(description="The answer to another number than chatId.")] = None
    expired: Annotated[Text | None, Meta(description="The answer when it was too late.")] = None


class LinkCallbacks(msgspec.Struct, frozen=True, kw_only=True):
    """Where a POST goes once a link has its end."""

    success: Annotated[Address | None, Meta(description="Called when it was verified.")] = None
    failed: Annotated[Address | None, Meta(description="Called when it failed or came too late.")] = None


class GenerateLink(msgspec.Struct, frozen=True, kw_only=True):
    """The body of generate-link."""

    chatId: Annotated[str | None, Meta(description="Whose number it is to be; absent: anybody's.")] = None
    expires: Annotated[
        Annotated[int, Meta(ge=60, le=3600)] | None,
        Meta(description="How long it can be used, in seconds; 1800 unless given."),
    ] = None
    name: Annotated[Name | None, Meta(description="Whose link it is, for {name}.")] = None
    message: LinkMessages | None = None
    callback: LinkCallbacks | None = None


class OtpCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code that is on its way."""

    uuid: str
    chat_id: str
    code: str
    status: Literal["pending"]
    otp_type: Literal["code"]
    expires_at: str
    created_at: str


class OtpValidated(msgspec.Struct, frozen=True, kw_only=True):
    """A code that was right."""

    uuid: str
    chat_id: str
    status: Literal["validated"]
    validated_at: str


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


class OtpCodeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of request-code."""

    success: bool
    message: str
    data: OtpCode


class OtpValidatedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of validate-code."""

    success: bool
    message: str
    data: OtpValidated


class OtpLinkAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of generate-link."""

    success: bool
    message: str
    data: OtpLink


class OtpApi:
    """The three endpoints."""

    def __init__(self, codes: Codes, links: Links, bodies: BodyReader) -> None:
        self._codes = codes
        self._links = links
        self._bodies = bodies
        self._request = FieldsReader(RequestCode)
        self._validate = FieldsReader(ValidateCode)
        self._link = FieldsReader(GenerateLink)

    def endpoints(self) -> Sequence[Endpoint]:
        """All of them."""
        return [
            _endpoint(
                "request-code", "Send a one-time code to a chat", self.request, RequestCode, OtpCodeAnswer
            ),
            _endpoint(
                "validate-code",
                "Check the code that a person typed; a code works once",
                self.validate,
                ValidateCode,
                OtpValidatedAnswer,
            ),
            _endpoint(
                "generate-link",
                "Make a link by which a person shows their number",
                self.link,
                GenerateLink,
                OtpLinkAnswer,
            ),
        ]

    async def request(self, call: Call) -> Reply:
        """Draw a code and send it."""
        fields = await self._read(call, self._request)
        chat = parse_chat_id(fields.chatId)
        wanted = Wanted(
            length=fields.length or _LENGTH,
            letters=fields.useLetter is True,
            numbers=fields.useNumber is not False,
            capital=fields.allCapital is True,
            name=fields.name or "",
            expires=fields.expires or _EXPIRES,
        )
        otp, code = await self._codes.request(call.of.id, chat, wanted)
        data = OtpCode(
            uuid=otp.uuid,
            chat_id=chat.chat_id,
            code=code,
            status="pending",
            otp_type="code",
            expires_at=iso(otp.expires_at),
            created_at=iso(otp.created_at),
        )
        return Reply(body=OtpCodeAnswer(success=True, message="OTP code created successfully", data=data))

    async def validate(self, call: Call) -> Reply:
        """Check a code."""
        fields = await self._read(call, self._validate)
        chat = parse_chat_id(fields.chatId)
        otp = await self._codes.validate(call.of.id, chat, fields.code)
        data = OtpValidated(
            uuid=otp.uuid,
            chat_id=chat.chat_id,
            status="validated",
            validated_at=iso(otp.settled_at or otp.created_at),
        )
        done = OtpValidatedAnswer(success=True, message="OTP code validated successfully", data=data)
        return Reply(body=done)

    async def link(self, call: Call) -> Reply:
        """Make a link."""
        fields = await self._read(call, self._link)
        chat = None if fields.chatId is None else parse_chat_id(fields.chatId)
        if chat is not None and chat.is_group:
            raise InvalidRequest({"chatId": ["A link shows one person's number, not a group."]})
        texts = _texts(fields)
        otp, code = await self._links.make(call.of.id, chat, texts, fields.expires or _EXPIRES)
        prompt = (fields.message and fields.message.prompt) or "My number for {name}:"
        prompt = prompt.replace("{name}", texts.name).replace("{code}", code)
        return Reply(body=_link_answer(otp, code, chat, whatsapp_link(number_of(call.of), prompt, code)))

    async def _read(self, call: Call, reader: FieldsReader[Fields]) -> Fields:
        headers = call.http.headers
        body = await self._bodies.read(call.http.stream(), headers.get("content-type", ""), None, None)
        return reader.read(body.fields)


def _endpoint(
    name: str, summary: str, answer: Any, fields: type[msgspec.Struct], result: type[msgspec.Struct]
) -> Endpoint:
    return Endpoint(
        method="POST",
        path=f"{_BASE}/{name}",
        summary=summary,
        scope="send",
        answer=answer,
        tag="One-time codes",
        fields=fields,
        result=result,
    )


def _texts(fields: GenerateLink) -> LinkTexts:
    message = fields.message or LinkMessages()
    callback = fields.callback or LinkCallbacks()
    wrong = {}
    for name, url in (("success", callback.success), ("failed", callback.failed)):
        try:
            parse_url(url or "https://example.org/")
        except FetchError as error:
            wrong[f"callback.{name}"] = [error.message]
    if wrong:
        raise InvalidRequest(wrong)
    return LinkTexts(
        name=fields.name or "this service",
        success=message.success or "Thank you, this is your number.",
        failed=message.failed or "This link was made for another number.",
        expired=message.expired or "This link has expired or was used; ask for a new one.",
        on_success=callback.success or None,
        on_failed=callback.failed or None,
    )


def _link_answer(otp: Otp, code: str, chat: Jid | None, link: str) -> OtpLinkAnswer:
    data = OtpLink(
        uuid=otp.uuid,
        code=code,
        chat_id=None if chat is None else chat.chat_id,
        status="pending",
        otp_type="link",
        expires_at=iso(otp.expires_at),
        created_at=iso(otp.created_at),
        whatsapp_link=link,
    )
    return OtpLinkAnswer(success=True, message="OTP link request created successfully", data=data)
