"""`waypost …` as in `tied`, which tells of no message of its own: `mute PARENT-PID ARGUMENTS…`.

So a test can kill it when a message was sent and stored, and nobody has been told of it.
"""

import asyncio
import runpy
import sys

from waypost.chats.own_messages import OwnMessages
from waypost.testing.tied import tie


async def _never(_: OwnMessages) -> None:
    await asyncio.Event().wait()


if __name__ == "__main__":
    tie(int(sys.argv.pop(1)))
    OwnMessages.tell_all = _never  # type: ignore[assignment]
    runpy.run_module("waypost", run_name="__main__", alter_sys=True)
