"""Doctor beside a running gateway."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from waypost.cli.doctor.check import Check
from waypost.cli.doctor.engine import client_at
from waypost.cli.doctor.listening import listening
from waypost.sandbox.views import NewFailure
from waypost.testing.gateway_stage import Stage, gateway_stage, settings_for


async def looked(stage: Stage, folder: Path, token: str | None) -> dict[str, Check]:
    port = urlsplit(stage.gateway.url).port
    settings = msgspec.structs.replace(settings_for(folder, stage.sandbox), port=port)

    def look() -> list[Check]:
        return [*listening(settings), client_at(settings, token)]

    return {check.name: check for check in await asyncio.to_thread(look)}


async def test_a_gateway_that_answers_is_well_and_one_whose_engine_is_outdated_names_the_upgrade(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with gateway_stage(tmp_path) as stage:
        token = stage.gateway.new_admin_token
        found = await looked(stage, tmp_path, token)
        assert {name: check.state for name, check in found.items()} == {
            "port": "ok", "gateway": "ok", "client version": "ok",
        }  # fmt: skip
        assert (await looked(stage, tmp_path, None))["client version"].state == "skipped"
        assert (await looked(stage, tmp_path, "1|wrong"))["client version"].state == "skipped"
        who = stage.instance
        await stage.control.fail(NewFailure("outdated", phone=f"+{who.phone}"))
        await stage.http.post(f"{who.base}/restart", headers=who.headers)
        await stage.status(who, "FAILED")
        check = (await looked(stage, tmp_path, token))["client version"]
        assert (check.state, "stage" in check.found, "make serve" in check.mend) == ("failed", True, True)
    told = capfd.readouterr()
    logged = next(line for line in (told.out + told.err).splitlines() if "client_outdated" in line)
    assert "make serve" in logged
