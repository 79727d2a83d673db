"""Every call of an instance, made by those who may not make it."""

import re

import pytest

from waypost.testing.gateway_stage import BASE, Stage

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


async def test_a_token_may_do_what_its_scope_says_and_nothing_else(stage: Stage) -> None:
    tokens: dict[str, dict[str, str]] = {}
    for scope in ("send", "read", "manage"):
        body = {"instance": stage.instance.id, "scopes": [scope]}
        made = (await stage.http.post(f"{BASE}/tokens", headers=stage.admin, json=body)).json()
        tokens[scope] = {"Authorization": f"Bearer {made['token']}"}
    wrong, tried = [], 0
    for endpoint in stage.gateway.endpoints:
        path = re.sub(r"\{\w+\}", "x", endpoint.path.replace("{instance}", stage.instance.id))
        for scope, headers in tokens.items():
            if endpoint.scope == scope or ("{instance}" not in endpoint.path and endpoint.scope != "admin"):
                continue
            answer = await stage.http.request(endpoint.method, path, headers=headers)
            tried += 1
            if answer.status_code != 403 or answer.json()["error"]["code"] != "forbidden":
                wrong.append(f"{endpoint.name} with {scope}: {answer.status_code} {answer.text[:200]}")
    assert wrong == []
    assert tried > 100
