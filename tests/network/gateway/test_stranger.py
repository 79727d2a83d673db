"""A gateway that ends between a stranger's scan and his log-out finishes that when it starts again."""

from pathlib import Path

import httpx
import pytest

from waypost.gateway import start_gateway
from waypost.instances.sessions import Sessions
from waypost.testing.gateway_stage import PairedInstance, Stage, settings_for, until

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_a_stranger_is_unlinked_by_the_next_gateway(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(tmp_path, stage.sandbox, admin_token="1|" + "a" * 40)
    admin = {"Authorization": "Bearer 1|" + "a" * 40}
    await stage.control.add_phone("+447700900162")

    async def nothing(_: Sessions, instance_id: str) -> None:
        """The process ends here."""

    with monkeypatch.context() as cut_off:
        cut_off.setattr(Sessions, "_unlink_stranger", nothing)
        async with (
            start_gateway(settings) as gateway,
            httpx.AsyncClient(base_url=gateway.url, timeout=30) as http,
        ):
            first = Stage(gateway, stage.sandbox, stage.control, http, admin, stage.instance)
            made = await first.create("stranger", "447700900161")
            await stage.control.scan("+447700900162", made["qr_text"])

            async def ended() -> str:
                found = gateway.instances.known.find(made["id"])
                return found.ended if found else ""

            await until(ended, lambda reason: reason == "wrong_number")
    assert len((await stage.control.phone("+447700900162")).devices) == 1
    async with (
        start_gateway(settings) as gateway,
        httpx.AsyncClient(base_url=gateway.url, timeout=30) as http,
    ):
        again = Stage(gateway, stage.sandbox, stage.control, http, admin, stage.instance)
        instance = PairedInstance(id=made["id"], token=made["access_token"], phone="447700900161")
        assert (await again.status(instance, "FAILED"))["reason"] == "wrong_number"

        async def devices() -> int:
            return len((await stage.control.phone("+447700900162")).devices)

        await until(devices, lambda count: count == 0)
