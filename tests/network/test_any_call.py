"""Calls that the document allows and calls that it does not, drawn by schemathesis: whatever comes, the
answer is one that the document has, and never a crash."""

import asyncio
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from waypost.testing.gateway_stage import Stage, gateway_stage

# Each operation is called so often with what it takes, and as often with what it does not.
EXAMPLES = 2 * max(1, int(os.environ.get("FUZZ_SECONDS", "20")) // 20)
# They would take the stage away: drawn for an instance that nobody has.
ENDINGS = ("delete-api-whatsapp-v2-instance", "post-api-whatsapp-v2-instance-logout")
# It answers as long as somebody listens.
STREAMS = ("get-api-whatsapp-v2-instance-events",)
CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


@dataclass(frozen=True)
class Ground:
    """A running gateway, as a program elsewhere sees it."""

    url: str
    instance: str
    token: str
    admin: str
    document: dict[str, Any]


async def _run(folder: Path, ready: "threading.Event", told: list[Ground], done: asyncio.Event) -> None:
    async with gateway_stage(folder) as stage:
        document = (await stage.http.get("/docs/openapi.json")).json()
        told.append(_ground(stage, document))
        ready.set()
        await done.wait()


def _ground(stage: Stage, document: dict[str, Any]) -> Ground:
    return Ground(
        url=stage.gateway.url,
        instance=stage.instance.id,
        token=stage.instance.token,
        admin=stage.admin["Authorization"].removeprefix("Bearer "),
        document=document,
    )


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """In a thread with a loop of its own: who draws the calls does not await."""
    ready, told = threading.Event(), list[Ground]()
    loop, done = asyncio.new_event_loop(), asyncio.Event()
    folder = tmp_path_factory.mktemp("document")
    thread = threading.Thread(target=lambda: loop.run_until_complete(_run(folder, ready, told, done)))
    thread.start()
    try:
        assert ready.wait(40)
        yield told[0]
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(30)
        loop.close()


def test_no_call_is_answered_otherwise_than_the_document_says(ground: Ground) -> None:
    schema = schemathesis.openapi.from_dict(ground.document)
    operations = [_sound(found) for found in schema.get_all_operations()]
    called = sum(
        _draw(ground, operation)
        for operation in operations
        if operation.definition.raw["operationId"] not in STREAMS
    )
    print(f"any call, {len(operations)} operations: {called} calls")
    assert called >= len(operations)


def _sound(found: Any) -> Any:
    assert isinstance(found, Ok), found
    return found.ok()


def _draw(ground: Ground, operation: Any) -> int:
    name = operation.definition.raw["operationId"]
    instance = "no-such-instance" if name in ENDINGS else ground.instance
    token = ground.token if "{instance}" in operation.path else ground.admin
    given_path = {"instance": instance} if "{instance}" in operation.path else None
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    called = 0

    wrong_too = bool(operation.body) or bool(operation.query)
    for mode in schemathesis.GenerationMode if wrong_too else [schemathesis.GenerationMode.POSITIVE]:
        strategy = operation.as_strategy(generation_mode=mode, path_parameters=given_path, headers=headers)

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy)
        def once(case: Any) -> None:
            nonlocal called
            called += 1
            answer = case.call(base_url=ground.url, headers=headers)
            assert answer.status_code < 500 or answer.status_code in (501, 503), answer.text
            case.validate_response(answer, checks=CHECKS)

        once()
    return called
