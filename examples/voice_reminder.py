"""Send a recording as a voice note at a time of today, once: started again, it knows what it has sent.

WAYPOST_URL=http://127.0.0.1:8780 INSTANCE=… TOKEN=… python voice_reminder.py 447700900002 tablets.mp3 18:30
"""

import asyncio
import os
import sys
from datetime import datetime, time

from waypost.client import AsyncWaypost, RequestFailed, calls


async def main(chat: str, recording: str, at: str) -> None:
    now = datetime.now().astimezone()
    due = datetime.combine(now.date(), time.fromisoformat(at), now.tzinfo)
    await asyncio.sleep(max(0.0, (due - now).total_seconds()))
    async with AsyncWaypost(os.environ["WAYPOST_URL"], os.environ["TOKEN"]) as waypost:
        me = waypost.instance(os.environ["INSTANCE"])
        note = calls.send_voice(chat, recording)
        queued = await me.send(note, idempotency_key=f"reminder {chat} {due:%Y-%m-%d %H:%M}")
        try:
            sent = await queued.wait(300)
        except RequestFailed as failed:
            sys.exit(failed.message)
        print(f"{sent.result.message.audioMessage.seconds} s sent as {sent.result.key.id}")


asyncio.run(main(*sys.argv[1:]))
