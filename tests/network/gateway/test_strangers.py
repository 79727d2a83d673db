"""Every call of an instance, made by those who may not make it."""

import re

import pytest

from waypost.testing.gateway_stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_no_call_of_an_instance_is_answered_to_a_stranger(stage: Stage) -> None:
    other = await stage.create("stranger", "447700900142")
    stranger = {"Authorization": f"Bearer {other['access_token']}"}
    of_instance = [one for one in stage.gateway.endpoints if "{instance}" in one.path]
    assert len(of_instance) > 20
    wrong = []
    for endpoint in of_instance:
        path = re.sub(r"\{\w+\}", "x", endpoint.path.replace("{instance}", stage.instance.id))
        for headers, status in (({}, 401), ({"Authorization": "Bearer 1|wrong"}, 401), (stranger, 404)):
            answer = await stage.http.request(endpoint.method, path, headers=headers)
            if answer.status_code != status or set(answer.json()) - {"message", "error"}:
                wrong.append(f"{endpoint.name}: {answer.status_code} {answer.text[:200]}")
    assert wrong == []
