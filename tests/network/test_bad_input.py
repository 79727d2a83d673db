"""Every operation under input that is wrong in one place: refused where it is wrong, nothing queued, nothing
secret in the log."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from tests.network.bad_fields import bad_bodies, sound

from waypost.operations import WRITES
from waypost.operations.kind import AnyWrite
from waypost.testing.gateway_stage import BASE, Stage, gateway_stage

SECRET = "kept-between-us"


async def call(stage: Stage, write: AnyWrite, body: dict[str, Any], token: str, instance: str = "") -> Any:
    """The operation over HTTP, with its fields where it takes them."""
    path = f"{BASE}/{instance or stage.instance.id}/{write.name}"
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    if write.fields_in == "query":
        query = {name: str(value) for name, value in body.items() if value is not None}
        return await stage.http.request(write.method, path, headers=headers, params=query)
    return await stage.http.request(write.method, path, headers=headers, json=body)


def queued(folder: Path) -> int:
    with sqlite3.connect(folder / "gateway" / "waypost.db") as rows:
        count: int = rows.execute("SELECT count(*) FROM requests").fetchone()[0]
    rows.close()
    return count


def wrong_answer(answer: Any, field: str) -> str | None:
    """What is wrong with the answer to a wrong field."""
    if answer.status_code != 422:
        return f"{answer.status_code}: {answer.text[:200]}"
    body = answer.json()
    if body.get("message") != "The given data was invalid." or body.get("statusCode") != 422:
        return f"not the documented body: {answer.text[:200]}"
    named = {name.split(".")[0].split("[")[0] for name in body["errors"]}
    return None if field in named else f"names {sorted(named)}"


async def strangers(stage: Stage) -> list[tuple[str, int, str]]:
    """Tokens that may not send here, with the status that they get."""
    other = await stage.create("other", "447700900141")
    body = {"instance": stage.instance.id, "scopes": ["read"]}
    reader = (await stage.http.post(f"{BASE}/tokens", headers=stage.admin, json=body)).json()
    return [
        ("another instance's token", 404, other["access_token"]),
        ("a token that may read", 403, reader["token"]),
        ("no token", 401, f"1|{SECRET}"),
    ]


async def test_what_is_wrong_is_refused_at_its_place_and_leaves_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    mistakes, tried = [], 0
    async with gateway_stage(tmp_path, log_level="debug") as stage:
        token = stage.instance.token
        before = queued(tmp_path)
        for write in WRITES:
            for field, about, body in bad_bodies(write):
                answer = await call(stage, write, body, token)
                wrong = wrong_answer(answer, field)
                mistakes += [] if wrong is None else [f"{write.name}, {field} {about}: {wrong}"]
                tried += 1
        for who, status, stranger in await strangers(stage):
            for write in WRITES:
                answer = await call(stage, write, sound(write), stranger)
                if answer.status_code != status or not answer.json()["message"]:
                    mistakes.append(f"{write.name} with {who}: {answer.status_code} {answer.text[:200]}")
                tried += 1
        assert queued(tmp_path) == before
        secrets = [SECRET, *(one.split("|")[1] for one in (token, stage.admin["Authorization"]))]
    _, log = capfd.readouterr()
    assert mistakes == []
    assert tried > 10 * len(WRITES)
    assert "engine" in log
    assert [one for one in secrets if one in log] == []
