import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

PARENT = """
import asyncio, sys
from pathlib import Path
from waypost.testing.processes import sandbox_and_gateway

async def main():
    pair = sandbox_and_gateway(Path(sys.argv[1]))
    await pair.sandbox.start()
    print(pair.sandbox.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent death signal")
async def test_a_child_goes_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    async with asyncio.timeout(30):
        child = int(await parent.stdout.readline())
        os.kill(parent.pid, signal.SIGKILL)
        await parent.wait()
        while Path(f"/proc/{child}/stat").exists() and _state(child) != "Z":
            await asyncio.sleep(0.02)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "Z"
