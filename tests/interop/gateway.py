"""Us: a gateway with one paired instance, spoken to as any program would, over HTTP."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from waypost.sandbox.client import SandboxClient
from waypost.testing.processes import Pair

_WORKING_WITHIN_S = 30.0
_SENT_WITHIN_S = 20
_STATUS_WITHIN_S = 20.0
_LADDER = ("PENDING", "SENT", "DELIVERED", "READ", "PLAYED")


@dataclass(frozen=True)
class OwnMessage:
    """A message that the gateway sent: its id, the `response_body` and the link of its queued request."""

    id: str
    body: Mapping[str, Any]
    link: str


class Waypost:
    def __init__(self, http: httpx.AsyncClient, instance: str, token: str, number: str, lid: str) -> None:
        self._http = http
        self._base = f"/api/whatsapp/v2/{instance}"
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        self.number = number
        self.lid = lid

    async def send_voice(self, chat: str, file: Path, reply_to: str | None = None) -> OwnMessage:
        """Post an audio file to `send-voice` and follow it until it was sent."""
        data = {"chatId": chat} | ({} if reply_to is None else {"reply_to": reply_to})
        return await self._post("send-voice", data=data, files={"file": (file.name, file.read_bytes())})

    async def send_text(self, chat: str, text: str, reply_to: str | None = None) -> OwnMessage:
        """Post a text to `send-text` and follow it until it was sent."""
        return await self._post("send-text", json={"chatId": chat, "text": text, "reply_to": reply_to})

    async def create_group(self, subject: str, *people: str) -> str:
        """Create a group of this account and `people`; its JID."""
        body = {"subject": subject, "participants": list(people)}
        request = await self.done("POST", "create-group", json=body)
        return str(request["response_body"]["group"]["id"])

    async def send_code(self, chat: str, name: str) -> tuple[str, OwnMessage]:
        """Have a one-time code sent, and follow its message until it was sent; the code, and the message."""
        body = {"chatId": chat, "name": name}
        path = self._base.replace("/whatsapp/", "/otp/") + "/request-code"
        answer = await self._http.post(path, headers=self._headers, json=body)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = []

        async def sent() -> bool:
            page = await self._get(f"{self._base}/queued-requests?endpoint=request-code&limit=1")
            found[:] = page["data"]
            return bool(found and found[0]["status"] == "sent")

        await _until(sent, _SENT_WITHIN_S, lambda: f"the code's request is {found}")
        request, code = found[0], str(answer.json()["data"]["code"])
        link = f"{self._base}/queued-requests/{request['uuid']}"
        return code, OwnMessage(request["response_body"]["key"]["id"], request["response_body"], link)

    async def status(self, message: OwnMessage, wanted: str) -> str:
        """Wait until the queued request says that the message is at `wanted` or beyond."""
        found = ""

        async def reached() -> bool:
            nonlocal found
            found = (await self._get(message.link))["response_body"]["status"]
            return found in _LADDER and _LADDER.index(found) >= _LADDER.index(wanted)

        await _until(reached, _STATUS_WITHIN_S, lambda: f"{message.id} is {found}, not {wanted}")
        return found

    async def working(self) -> None:
        """Wait until the instance is connected."""
        found: dict[str, Any] = {}

        async def look() -> bool:
            found.update(await self._get(f"{self._base}/health"))
            return bool(found["status"] == "WORKING")

        await _until(look, _WORKING_WITHIN_S, lambda: f"the instance is {found}")

    async def _post(self, operation: str, **content: Any) -> OwnMessage:
        return await self.send("POST", operation, **content)

    async def send(self, method: str, operation: str, **content: Any) -> OwnMessage:
        """Call an operation that sends a message, and follow it until it was sent."""
        request = await self.done(method, operation, **content)
        body = request["response_body"]
        return OwnMessage(body["key"]["id"], body, f"{self._base}/queued-requests/{request['uuid']}")

    async def done(self, method: str, operation: str, **content: Any) -> dict[str, Any]:
        """Call an operation, and wait for what becomes of its queued request."""
        headers = {**self._headers, "Prefer": f"wait={_SENT_WITHIN_S}"}
        answer = await self._http.request(method, f"{self._base}/{operation}", headers=headers, **content)
        assert answer.status_code == 200, answer.text
        request: dict[str, Any] = answer.json()
        assert request.get("status") == "sent", f"{operation} ended as {request}"
        return request

    async def event(self, name: str, wanted: Callable[[Any], bool]) -> Any:
        """The payload of the first event of that name that is wanted, from the stream of events."""
        path, query = f"{self._base}/events", {"events": name, "last_event_id": "0"}
        async with asyncio.timeout(_STATUS_WITHIN_S):
            async with self._http.stream("GET", path, params=query, headers=self._headers) as answer:
                async for line in answer.aiter_lines():
                    if line.startswith("data: "):
                        payload = json.loads(line.removeprefix("data: "))["data"]["payload"]
                        if wanted(payload):
                            return payload
        raise AssertionError(f"the stream of {name} has ended")

    async def _get(self, link: str) -> dict[str, Any]:
        answer = await self._http.get(link, headers=self._headers)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body


async def paired(pair: Pair, http: httpx.AsyncClient, sandbox: SandboxClient, number: str) -> Waypost:
    """Create an instance over the API and scan its QR code with a sandbox phone."""
    answer = await http.post(
        "/api/whatsapp/v2/create-instance",
        headers={"Authorization": f"Bearer {pair.admin_token}"},
        json={"name": "interop", "phone": f"+{number}"},
    )
    assert answer.is_success, answer.text
    created = answer.json()
    phone = await sandbox.add_phone(f"+{number}", "Waypost")
    await sandbox.scan(f"+{number}", created["qr_text"])
    us = Waypost(http, created["id"], created["access_token"], number, phone.lid)
    await us.working()
    return us


async def _until(look: Any, within_s: float, state: Any) -> None:
    try:
        async with asyncio.timeout(within_s):
            while not await look():
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"not within {within_s:.0f} s: {state()}") from None
