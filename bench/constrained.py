"""The accept path on one core, with 512 MB of heap per process, while ten notes of a minute convert."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

import httpx

from bench.accept import measure, one_core, server
from bench.sounds import mp3

NOTES = 10
REQUESTS = 1_500


async def run() -> dict[str, Any]:
    """Accept and read-only figures with and without conversions beside them, all on the same single core."""
    async with server("gateway", one_core) as gateway:
        quiet = await measure(gateway, "send-voice", REQUESTS)
        async with httpx.AsyncClient(base_url=gateway["url"], trust_env=False, timeout=60) as http:
            uuids = await _convert(http, gateway)
            read = await measure(gateway, "read", REQUESTS)
            busy = await measure(gateway, "send-voice", REQUESTS)
            left = await _unfinished(http, gateway, uuids)
    return {"quiet": quiet, "read": read, "busy": busy, "still_converting": left}


async def _convert(http: httpx.AsyncClient, gateway: dict[str, Any]) -> list[str]:
    sound = mp3(60.0)
    answers = await asyncio.gather(*(_post(http, gateway, sound, number) for number in range(NOTES)))
    return [answer.json()["queued_request_uuid"] for answer in answers]


async def _post(
    http: httpx.AsyncClient, gateway: dict[str, Any], sound: bytes, number: int
) -> httpx.Response:
    answer = await http.post(
        f"/api/whatsapp/v2/{gateway['id']}/send-voice",
        headers={"Authorization": f"Bearer {gateway['token']}"},
        data={"chatId": f"4477009120{number:02}@c.us"},
        files={"file": ("note.mp3", sound)},
    )
    return answer.raise_for_status()


async def _unfinished(http: httpx.AsyncClient, gateway: dict[str, Any], uuids: Sequence[str]) -> int:
    """How many of the ten were still being prepared at the end: the load lasted that long."""
    headers = {"Authorization": f"Bearer {gateway['token']}"}
    path = f"/api/whatsapp/v2/{gateway['id']}/queued-requests"
    states = [(await http.get(f"{path}/{uuid}", headers=headers)).json()["status"] for uuid in uuids]
    return sum(state == "preparing" for state in states)


def report(figures: dict[str, Any]) -> Sequence[str]:
    """The table's lines."""
    names = {"quiet": "accept, nothing else", "read": "read, converting", "busy": "accept, converting"}
    lines = [
        f"{names[name]:21} {figures[name]['per_second']:6.0f}/s   p50 {figures[name]['p50_ms']:6.1f} ms"
        f"   p99 {figures[name]['p99_ms']:7.1f} ms"
        for name in names
    ]
    ratios = [
        (one, other, figures[one]["per_second"] / figures[other]["per_second"])
        for one, other in itertools.combinations(("busy", "read", "quiet"), 2)
        if one == "busy"
    ]
    return [
        *lines,
        *(f"{names[one]} : {names[other]} = {ratio:.2f}" for one, other, ratio in ratios),
        f"notes still converting at the end: {figures['still_converting']} of {NOTES}",
    ]
