"""Driving a sandbox from a program: each call of the control API as a method."""

from types import TracebackType
from typing import Any, Final, Literal, Self, TypeVar

import httpx
import msgspec

from waypost.errors import SANDBOX_UNREACHABLE, TABLE, Fault, SandboxError
from waypost.sandbox.account_views import (
    ChatSettings,
    ContactProfile,
    Does,
    Doing,
    Done,
    PhoneState,
    SavedContact,
    SeenState,
    TypedCode,
)
from waypost.sandbox.act_views import Called, CallTo, Tell
from waypost.sandbox.group_client import Groups
from waypost.sandbox.views import (
    ContactPatch,
    ContactView,
    ErrorView,
    Failure,
    Inbox,
    InboxMessage,
    LogLine,
    NetworkView,
    NewContact,
    NewFailure,
    NewPhone,
    PhoneView,
    Scan,
    Scanned,
    Send,
    Sent,
    Stats,
    Unlink,
    Unlinked,
    Written,
)

T = TypeVar("T")
_SECONDS: Final = 30.0
_LONGEST_POLL: Final = 30.0
DEFAULT_URL: Final = "http://127.0.0.1:8790"


class SandboxClient:
    """A sandbox's control API. Every method raises SandboxError with the code that the sandbox answered."""

    def __init__(self, url: str = DEFAULT_URL) -> None:
        # Proxies of the environment are for the internet, not for loopback.
        self._http = httpx.AsyncClient(base_url=url, timeout=_SECONDS, trust_env=False)
        self.groups = Groups(self._body)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def network(self) -> NetworkView:
        """What an engine needs to come to the sandbox."""
        return await self._call(NetworkView, "GET", "/v1/network")

    async def add_phone(self, phone: str, name: str = "") -> PhoneView:
        """Create a virtual phone, or get the one of that number."""
        return await self._call(PhoneView, "POST", "/v1/phones", NewPhone(phone, name))

    async def phones(self) -> list[PhoneView]:
        """All phones."""
        return await self._call(list[PhoneView], "GET", "/v1/phones")

    async def phone(self, phone: str) -> PhoneView:
        """A phone and its companions."""
        return await self._call(PhoneView, "GET", f"/v1/phones/{phone}")

    async def remove_phone(self, phone: str) -> None:
        """Delete a phone; its companions are logged out."""
        await self._request("DELETE", f"/v1/phones/{phone}")

    async def scan(self, phone: str, qr: str) -> Scanned:
        """Scan the text of a QR code with a phone; returns when the companion is linked."""
        return await self._call(Scanned, "POST", f"/v1/phones/{phone}/scan", Scan(qr))

    async def type_code(self, phone: str, code: str) -> Scanned:
        """Type a pairing code into a phone; returns when the companion is linked."""
        return await self._call(Scanned, "POST", f"/v1/phones/{phone}/code", TypedCode(code))

    async def phone_state(self, phone: str) -> PhoneState:
        """What a phone knows: its profile, address book, starred messages, settings of chats."""
        return await self._call(PhoneState, "GET", f"/v1/phones/{phone}/state")

    async def save_contact(self, phone: str, other: str, name: str) -> PhoneState:
        """Save somebody in a phone's address book."""
        saved = SavedContact(other, name)
        return await self._call(PhoneState, "POST", f"/v1/phones/{phone}/contacts", saved)

    async def set_chat(self, phone: str, settings: ChatSettings) -> PhoneState:
        """Archive, mute or pin a chat on a phone."""
        return await self._call(PhoneState, "POST", f"/v1/phones/{phone}/chats", settings)

    async def does(self, contact: str, state: Doing, to: str | None = None) -> int:
        """Let a contact be online or not, or type in the chat with the phone `to`; how many devices were
        told of it at once."""
        done = await self._call(Done, "POST", f"/v1/contacts/{contact}/does", Does(state, to))
        return done.devices

    async def seen(self, contact: str) -> list[SeenState]:
        """What a contact saw of phones: online or not, typing."""
        return await self._call(list[SeenState], "GET", f"/v1/contacts/{contact}/seen")

    async def set_profile(self, contact: str, profile: ContactProfile) -> None:
        """Set what a contact shows of itself, or whom it blocks."""
        await self._request("POST", f"/v1/contacts/{contact}/profile", profile)

    async def unlink(self, phone: str, device: int | None = None) -> Unlinked:
        """Log a companion out from the phone, or all of them."""
        return await self._call(Unlinked, "POST", f"/v1/phones/{phone}/unlink", Unlink(device))

    async def add_contact(self, contact: NewContact) -> ContactView:
        """Create a contact, or change the one of that number."""
        return await self._call(ContactView, "POST", "/v1/contacts", contact)

    async def contacts(self) -> list[ContactView]:
        """All contacts."""
        return await self._call(list[ContactView], "GET", "/v1/contacts")

    async def contact(self, phone: str) -> ContactView:
        """A contact."""
        return await self._call(ContactView, "GET", f"/v1/contacts/{phone}")

    async def change_contact(self, phone: str, change: ContactPatch) -> ContactView:
        """Change name or delays, or wipe the contact's Signal sessions."""
        return await self._call(ContactView, "PATCH", f"/v1/contacts/{phone}", change)

    async def remove_contact(self, phone: str) -> None:
        """Delete a contact: its number is not on the network any more."""
        await self._request("DELETE", f"/v1/contacts/{phone}")

    async def inbox(self, phone: str, after: int = 0, wait: float = 0.0) -> Inbox:
        """Messages behind `after`; without any, the sandbox waits up to `wait` (at most 60) seconds for the
        first."""
        path = f"/v1/contacts/{phone}/inbox"
        return await self._call(Inbox, "GET", path, params={"after": after, "wait": wait}, extra=wait)

    async def next_message(self, phone: str, after: int = 0, within: float = 10.0) -> InboxMessage:
        """The first message behind `after`; TimeoutError when none arrives within so many seconds."""
        left = within
        while True:
            wait = min(left, _LONGEST_POLL)
            inbox = await self.inbox(phone, after, wait)
            if inbox.messages:
                return inbox.messages[0]
            left -= wait
            if left <= 0:
                raise TimeoutError(f"no message arrived within {within} s")

    async def media(self, phone: str, seq: int) -> bytes:
        """The decrypted file of an inbox message."""
        answer = await self._request("GET", f"/v1/contacts/{phone}/inbox/{seq}/media")
        return answer.content

    async def tell(self, phone: str, seq: int, type: Literal["read", "played"]) -> None:
        """Let a contact tell that it has read or played an inbox message."""
        await self._request("POST", f"/v1/contacts/{phone}/inbox/{seq}/receipt", Tell(type))

    async def call(self, contact: str, to: str, *, video: bool = False) -> Called:
        """Let a contact call a phone."""
        return await self._call(Called, "POST", f"/v1/contacts/{contact}/call", CallTo(to, video))

    async def send(self, contact: str, message: Send) -> Sent:
        """Let a contact write to a phone's instances, or to a group (`…@g.us`) that it is in."""
        return await self._call(Sent, "POST", f"/v1/contacts/{contact}/send", message)

    async def written(self, contact: str) -> list[Written]:
        """The last messages that a contact sent, oldest first."""
        return await self._call(list[Written], "GET", f"/v1/contacts/{contact}/sent")

    async def sent(self, contact: str, id: str) -> Sent:
        """How far a message of a contact has come."""
        return await self._call(Sent, "GET", f"/v1/contacts/{contact}/sent/{id}")

    async def fail(self, failure: NewFailure) -> Failure:
        """Inject a failure."""
        return await self._call(Failure, "POST", "/v1/failures", failure)

    async def failures(self) -> list[Failure]:
        """All failures with how often they were applied."""
        return await self._call(list[Failure], "GET", "/v1/failures")

    async def end_failure(self, id: str) -> None:
        """End a failure."""
        await self._request("DELETE", f"/v1/failures/{id}")

    async def log(self, limit: int = 200) -> list[LogLine]:
        """The last stanzas and remarks."""
        return await self._call(list[LogLine], "GET", "/v1/log", params={"limit": limit})

    async def stats(self) -> Stats:
        """Counters since the sandbox was started."""
        return await self._call(Stats, "GET", "/v1/stats")

    async def _call(
        self,
        type: type[T],
        method: str,
        path: str,
        body: msgspec.Struct | None = None,
        *,
        params: dict[str, Any] | None = None,
        extra: float = 0.0,
    ) -> T:
        answer = await self._request(method, path, body, params, extra)
        return msgspec.json.decode(answer.content, type=type)

    async def _body(self, method: str, path: str, body: msgspec.Struct | None) -> bytes:
        return (await self._request(method, path, body)).content

    async def _request(
        self,
        method: str,
        path: str,
        body: msgspec.Struct | None = None,
        params: dict[str, Any] | None = None,
        extra: float = 0.0,
    ) -> httpx.Response:
        content = None if body is None else msgspec.json.encode(body)
        headers = {} if body is None else {"content-type": "application/json"}
        try:
            answer = await self._http.request(
                method, path, content=content, headers=headers, params=params, timeout=_SECONDS + extra
            )
        except httpx.TransportError as error:
            raise SandboxError(SANDBOX_UNREACHABLE) from error
        if answer.is_success:
            return answer
        raise _refusal(answer)


def _refusal(answer: httpx.Response) -> SandboxError:
    try:
        view = msgspec.json.decode(answer.content, type=ErrorView)
    except msgspec.MsgspecError:
        return SandboxError(SANDBOX_UNREACHABLE, f"Something else answers there, with {answer.status_code}.")
    known = TABLE.get(view.code)
    retryable = known is not None and known.retryable
    return SandboxError(Fault(view.code, answer.status_code, view.message, retryable))
