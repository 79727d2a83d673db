"""The other side of an instance on the sandbox: its phone, and the contacts that hear and answer it."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal

import msgspec

from waypost.access.token import Scope
from waypost.address import parse_phone
from waypost.api.ranges import part_of
from waypost.api.replies import Reply
from waypost.dashboard.handset import Held, Somebody, Told
from waypost.dashboard.page import Page, Visit
from waypost.dashboard.parts import Parts
from waypost.dashboard.words import LOOKS, STATES
from waypost.errors import NOT_FOUND, PAIRING_FAILED, ApiError, EngineError, InvalidRequest
from waypost.instances.instance import Instance

_LONGEST_TEXT: Final = 4096
_LONGEST_NAME: Final = 60
_TOLD: Final[dict[str, Told]] = {"read": "read", "played": "played"}


class HandsetPages:
    """A simulated handset; there only for instances whose network is the sandbox."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._handset = parts.talk.handset
        self._previews = parts.talk.previews

    def pages(self) -> list[Page]:
        """All of them."""
        base = "/instances/{instance}/handset"
        one = f"{base}/{{contact}}"

        def page(
            path: str,
            answer: Callable[[Visit], Awaitable[Reply]],
            method: Literal["GET", "POST"] = "GET",
            scope: Scope = "send",
            **more: Any,
        ) -> Page:
            return Page(path=path, answer=answer, method=method, scope=scope, applies=_on_sandbox, **more)

        return [
            page(base, self.show, title="Sandbox handset", nav="Handset"),
            page(f"{base}/phone", self.phone),
            page(f"{base}/scan", self.scan, method="POST", scope="manage"),
            page(f"{base}/contacts", self.add, method="POST"),
            page(one, self.contact, title="A contact's phone"),
            page(f"{one}/messages", self.messages),
            page(f"{one}/files/{{seq}}", self.file),
            page(f"{one}/told", self.tell, method="POST"),
            page(f"{one}/text", self.write, method="POST"),
            page(f"{one}/voice", self.speak, method="POST", own_body=True),
        ]

    async def show(self, visit: Visit) -> Reply:
        """The phone, and everybody who may hear it."""
        contacts = await self._handset.contacts()
        return visit.show("handset.html", contacts=contacts, **self._phone(visit))

    async def phone(self, visit: Visit) -> Reply:
        """The phone alone."""
        return visit.show("_phone.html", **self._phone(visit))

    def _phone(self, visit: Visit) -> dict[str, Any]:
        state = self._parts.instances.known.condition(visit.of.id).state
        linked = visit.of.account is not None
        return {"state": state.value, "look": LOOKS[state.value], "label": STATES[state], "linked": linked}

    async def scan(self, visit: Visit) -> Reply:
        """Scan the code that the instance shows, with a phone of its number."""
        code = await self._parts.instances.new_qr_code(visit.of.id)
        if code is None:
            raise EngineError(PAIRING_FAILED)
        await self._handset.scan(visit.of.phone, code.text)
        return visit.go(f"/instances/{visit.of.id}/handset")

    async def add(self, visit: Visit) -> Reply:
        """Create a contact."""
        number, name = parse_phone(visit.form.get("phone")), visit.form.get("name")
        if not 0 < len(name) <= _LONGEST_NAME:
            raise InvalidRequest({"name": [f"Give a name of at most {_LONGEST_NAME} characters."]})
        await self._handset.add_contact(f"+{number}", name)
        return visit.go(f"/instances/{visit.of.id}/handset/+{number}")

    async def contact(self, visit: Visit) -> Reply:
        """A contact's phone with its chat."""
        contact = await self._contact(visit)
        messages = await self._handset.messages(contact.phone, visit.of.phone)
        return visit.show(
            "handset_contact.html",
            contact=contact,
            messages=messages,
            version=_version(messages),
            most=self._parts.settings.upload_max_bytes,
        )

    async def messages(self, visit: Visit) -> Reply:
        """The chat alone; nothing where `version` is what is there."""
        contact = await self._contact(visit)
        messages = await self._handset.messages(contact.phone, visit.of.phone)
        version = _version(messages)
        if visit.query("version") == version:
            return Reply(status=204, raw=b"")
        return visit.show("_held.html", contact=contact, messages=messages, version=version)

    async def file(self, visit: Visit) -> Reply:
        """The file of a message that the contact received, as it decrypted it."""
        contact = await self._contact(visit)
        data, kind = await self._handset.file(contact.phone, visit.of.phone, _seq(visit))
        tag = f'"{hashlib.sha256(data).hexdigest()}"'
        part = part_of(visit.http.headers, len(data), tag)
        headers = {"Content-Disposition": "attachment", "Content-Security-Policy": "sandbox", "ETag": tag}
        found = data[part.start : part.start + part.length]
        return Reply(status=part.status, raw=found, media_type=kind, headers={**headers, **part.headers})

    async def tell(self, visit: Visit) -> Reply:
        """Let the contact say that it has read or played a message."""
        contact = await self._contact(visit)
        told = _TOLD.get(visit.form.get("told"))
        if told is None:
            raise InvalidRequest({"told": ["A message can be read or played."]})
        seq = visit.form.get("seq")
        await self._handset.tell(contact.phone, visit.of.phone, _number(seq), told)
        return Reply(status=204, raw=b"")

    async def write(self, visit: Visit) -> Reply:
        """Let the contact write a text."""
        contact = await self._contact(visit)
        text = visit.form.get("text")
        if not 0 < len(text) <= _LONGEST_TEXT:
            raise InvalidRequest({"text": [f"A text has 1 to {_LONGEST_TEXT} characters."]})
        reply_to = visit.form.get("reply_to") or None
        await self._handset.write(contact.phone, visit.of.phone, text, reply_to)
        return await self._chat(visit, contact)

    async def speak(self, visit: Visit) -> Reply:
        """Let the contact send the body, any audio, as a voice note."""
        contact = await self._contact(visit)
        made = await self._previews.of_upload(visit.http.stream())
        note = made.note
        await self._handset.speak(contact.phone, visit.of.phone, made.content, note.seconds, note.waveform)
        return await self._chat(visit, contact)

    async def _chat(self, visit: Visit, contact: Somebody) -> Reply:
        messages = await self._handset.messages(contact.phone, visit.of.phone)
        return visit.show("_held.html", contact=contact, messages=messages, version=_version(messages))

    async def _contact(self, visit: Visit) -> Somebody:
        """The contact of the path: one that is there, whatever else the path might say."""
        phone = visit.part("contact")
        found = next((one for one in await self._handset.contacts() if one.phone == phone), None)
        if found is None:
            raise ApiError(NOT_FOUND, "The sandbox has no such contact.")
        return found


def _on_sandbox(instance: Instance) -> bool:
    return instance.network == "sandbox"


def _version(messages: list[Held]) -> str:
    return hashlib.sha256(msgspec.json.encode(messages)).hexdigest()[:12]


def _seq(visit: Visit) -> int:
    return _number(visit.part("seq"))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 16):
        raise ApiError(NOT_FOUND)
    return int(text)
