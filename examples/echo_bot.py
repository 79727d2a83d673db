"""Answer every text with itself, quoting it; what comes while it is stopped is answered at the next start.

WAYPOST_URL=http://127.0.0.1:8780 INSTANCE=… TOKEN=… python echo_bot.py
"""

import os
from pathlib import Path

from waypost.client import Waypost, calls

PLACE = Path(os.environ.get("PLACE", "echo_bot.place"))  # the last event that was answered

with Waypost(os.environ["WAYPOST_URL"], os.environ["TOKEN"]) as waypost:
    me = waypost.instance(os.environ["INSTANCE"])
    print("listening", flush=True)
    for event in me.events("message.any", after=PLACE.read_text() if PLACE.exists() else None):
        message = event.payload
        is_for_me = not message["fromMe"] and message["body"] and not message["from"].endswith("@g.us")
        if is_for_me:
            answer = calls.send_text(message["from"], message["body"], reply_to=message["id"])
            # The message's id as the key: after a crash it is not answered twice.
            me.send(answer, idempotency_key=f"echo {message['id']}")
        PLACE.write_text(event.place)
        if is_for_me:
            print(f"echoed {message['id']}", flush=True)
