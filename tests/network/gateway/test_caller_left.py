import asyncio
from pathlib import Path

import pytest

from waypost.testing.gateway_stage import gateway_stage


async def test_a_caller_who_leaves_in_the_middle_of_a_body_is_no_crash(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with gateway_stage(tmp_path, log_level="info") as stage:
        url = stage.http.base_url
        _, writer = await asyncio.open_connection(url.host, url.port)
        head = [
            f"POST {stage.instance.base}/send-voice HTTP/1.1",
            f"Host: {url.host}",
            f"Authorization: {stage.instance.headers['Authorization']}",
            "Content-Type: application/json",
            "Content-Length: 999",
        ]
        writer.write("\r\n".join([*head, "", "{"]).encode())
        await writer.drain()
        writer.close()
        told = ""
        async with asyncio.timeout(20):
            while "caller_left" not in told:
                await asyncio.sleep(0.02)
                told += "".join(capfd.readouterr())
    assert "call_crashed" not in told
    assert "Traceback" not in told
