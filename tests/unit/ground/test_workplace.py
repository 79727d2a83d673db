import asyncio
import os
from pathlib import Path

from waypost.testing.clock import FakeClock
from waypost.workplace import tidy, workshop


async def test_what_nobody_touched_for_a_day_is_removed_and_the_rest_stays(tmp_path: Path) -> None:
    folder, clock = workshop(tmp_path / "workshop"), FakeClock()
    for name, age in (("old.ogg", 86_401.0), ("new.ogg", 86_399.0)):
        (folder / name).write_bytes(b"x")
        os.utime(folder / name, (clock.now() - age,) * 2)
    tidying = asyncio.create_task(tidy(folder, clock))
    async with asyncio.timeout(10):
        while (folder / "old.ogg").exists():
            await asyncio.sleep(0.01)
    tidying.cancel()
    assert [one.name for one in folder.iterdir()] == ["new.ogg"]
