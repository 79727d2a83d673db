"""NUL characters, which PostgreSQL has no place for, are refused at the door."""

from typing import Any

import httpx
import pytest

from waypost.testing.gateway_stage import BASE, PairedInstance
from waypost.testing.nodes_stage import NodesStage

pytestmark = pytest.mark.asyncio(loop_scope="package")

CHAT = "447700900200@c.us"


def _field(name: str) -> dict[str, list[str]]:
    return {name: [f"The {name} field must not contain a NUL character."]}


async def test_a_nul_in_any_text_of_a_call_is_a_mistake_of_the_caller_and_queues_nothing(
    town: NodesStage,
) -> None:
    (node,) = await town.running("a")
    name = {"name": "a\0b", "phone": "+447700900399"}
    refused = await node.http.post(f"{BASE}/create-instance", headers=town.admin, json=name)
    assert (refused.status_code, refused.json()["errors"]) == (422, _field("name"))
    made = await town.create(node, "quiet", "447700900399")
    shop = PairedInstance(id=made["id"], token=made["access_token"], phone="447700900399")

    async def call(method: str, path: str, **more: Any) -> httpx.Response:
        headers = {**shop.headers, **more.pop("headers", {})}
        return await node.http.request(method, f"{shop.base}/{path}", headers=headers, **more)

    text = {"chatId": CHAT, "text": "a\0b"}
    for shape in (
        {"json": text},
        {"data": text},
        {"files": {"text": (None, "a\0b")}, "data": {"chatId": CHAT}},
    ):
        answer = await call("POST", "send-text", **shape)
        assert (answer.status_code, answer.json()["errors"]) == (422, _field("text")), shape
    deep = {"chatId": CHAT, "text": "hi", "mentions": ["4477", "44\x0077"]}
    assert (await call("POST", "send-text", json=deep)).json()["errors"] == _field("mentions")
    listed = await call("GET", "queued-requests?endpoint=a%00b")
    assert (listed.status_code, listed.json()["errors"]) == (422, _field("endpoint"))
    assert (await call("GET", "queued-requests/a%00b")).status_code == 404
    assert (await node.http.get(f"{BASE}/a%00b/health", headers=shop.headers)).status_code == 404
    assert (await call("GET", "queued-requests")).json()["data"] == []
    gone = await node.http.delete(shop.base, headers=shop.headers)
    assert gone.status_code == 200, gone.text
