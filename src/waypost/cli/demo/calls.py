"""The demo's calls: what is sent, and how it is followed, are the very HTTP requests that any program would
make; the rest goes through the client.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import msgspec

from waypost.cli.demo.screen import StepFailed
from waypost.client import AsyncWaypost, ClientError

_FINISHED = ("sent", "failed", "cancelled")
_LADDER = ("PENDING", "SENT", "DELIVERED", "READ", "PLAYED")
_POLL_S = 0.1  # more often than a client should; it makes the times in the table exact


class Gateway:
    """The gateway's HTTP API, as one instance's owner sees it."""

    def __init__(self, http: httpx.AsyncClient, admin_token: str) -> None:
        self._http = http
        self._admin = AsyncWaypost(str(http.base_url), admin_token, http)
        self.instance = ""
        self.token = ""

    @property
    def headers(self) -> dict[str, str]:
        """What every call of the instance carries."""
        return {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}

    @property
    def base(self) -> str:
        """The path of the instance."""
        return f"/api/whatsapp/v2/{self.instance}"

    async def create_instance(self, name: str, phone: str) -> dict[str, Any]:
        """Create an instance and remember its id and token."""
        created = await _answered(self._admin.create_instance(phone, name))
        self.instance, self.token = created["id"], created["access_token"]
        return created

    async def health(self) -> dict[str, Any]:
        """The state of the instance."""
        owner = AsyncWaypost(str(self._http.base_url), self.token, self._http)
        return await _answered(owner.instance(self.instance).health())

    async def send_by_url(self, chat_id: str, url: str) -> dict[str, Any]:
        """`send-voice` with a public address."""
        return await self._send({"chatId": chat_id, "url": url})

    async def send_base64(self, chat_id: str, file: Path) -> dict[str, Any]:
        """`send-voice` with the file in the JSON body."""
        return await self._send({"chatId": chat_id, "file": base64.b64encode(file.read_bytes()).decode()})

    async def send_file(
        self, chat_id: str, file: Path, fields: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """`send-voice` with the file as multipart/form-data."""
        call = await self._http.post(
            f"{self.base}/send-voice",
            headers=self.headers,
            data={"chatId": chat_id, **(fields or {})},
            files={"file": (file.name, file.read_bytes())},
        )
        return _body(call)

    async def _send(self, fields: Mapping[str, str]) -> dict[str, Any]:
        return _body(
            await self._http.post(f"{self.base}/send-voice", headers=self.headers, json=dict(fields))
        )

    async def finished(self, envelope: Mapping[str, Any], *, within_s: float = 20) -> dict[str, Any]:
        """Follow `queued_request_link` until the request has left the queue."""
        return await self._poll(envelope, lambda request: request["status"] in _FINISHED, within_s)

    async def status_reached(
        self, envelope: Mapping[str, Any], wanted: str, *, told: Callable[[str], None], within_s: float = 20
    ) -> dict[str, Any]:
        """Follow the message's status up to `wanted`, telling each one on the way once."""
        seen: list[str] = []

        def reached(request: Mapping[str, Any]) -> bool:
            status = str((request["response_body"] or {}).get("status"))
            if status == "ERROR":
                raise StepFailed(f"the message ended as ERROR: {request['error']}")
            if status not in seen:
                seen.append(status)
                told(status)
            return status in _LADDER and _LADDER.index(status) >= _LADDER.index(wanted)

        return await self._poll(envelope, reached, within_s)

    async def _poll(
        self, envelope: Mapping[str, Any], good: Callable[[Mapping[str, Any]], bool], within_s: float
    ) -> dict[str, Any]:
        request: dict[str, Any] = {}

        async def look() -> bool:
            nonlocal request
            request = _body(await self._http.get(str(envelope["queued_request_link"]), headers=self.headers))
            return good(request)

        await until(
            look,
            within_s,
            lambda: f"it stands at {request.get('status')}, waiting for {request.get('waiting_for')}",
        )
        return request


async def until(look: Callable[[], Awaitable[bool]], within_s: float, state: Callable[[], str]) -> None:
    """Look again and again until it is true. Raises StepFailed with `state()` when it takes too long."""
    try:
        async with asyncio.timeout(within_s):
            while not await look():
                await asyncio.sleep(_POLL_S)
    except TimeoutError as late:
        raise StepFailed(f"not done within {within_s:.0f} s: {state()}") from late


async def _answered(call: Awaitable[msgspec.Struct]) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = msgspec.to_builtins(await call)
    except ClientError as error:
        raise StepFailed(str(error)) from error
    return answer


def _body(call: httpx.Response) -> dict[str, Any]:
    if not call.is_success:
        raise StepFailed(
            f"{call.request.method} {call.request.url.path} answered {call.status_code}: {call.text[:300]}"
        )
    body: dict[str, Any] = call.json()
    return body
