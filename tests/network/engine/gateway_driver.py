"""A gateway's engine part alone, in a process that can be killed: opens `shop`, prints the engine process's
pid."""

import asyncio
import sys
from pathlib import Path

from waypost.sandbox.client import SandboxClient
from waypost.testing.engine_stage import stage_on


async def main(url: str, folder: Path) -> None:
    async with SandboxClient(url) as sandbox:
        stage = await stage_on(sandbox, url, folder)
        async with stage.engine:
            await stage.connected("shop")
            print("pid", stage.engine.processes[0].pid, flush=True)
            await asyncio.Event().wait()


asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
