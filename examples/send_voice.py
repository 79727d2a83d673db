"""Send a recording by its URL as a voice note, and follow it until it was played, for a minute at most.

WAYPOST_URL=http://127.0.0.1:8780 INSTANCE=… TOKEN=… python send_voice.py 447700900002 https://example.org/hello.mp3
"""

import os
import sys
import time
import uuid

import httpx

chat, url = sys.argv[1:3]
api = f"{os.environ['WAYPOST_URL']}/api/whatsapp/v2/{os.environ['INSTANCE']}"
headers = {"Authorization": f"Bearer {os.environ['TOKEN']}"}

with httpx.Client(headers=headers, timeout=30) as http:
    queued = http.post(
        f"{api}/send-voice",
        json={"chatId": f"{chat}@c.us", "url": url},
        # The same key again answers the same request: safe to repeat when no answer came.
        headers={"Idempotency-Key": str(uuid.uuid4())},
    )
    queued.raise_for_status()
    status, until = None, time.monotonic() + 60
    while status not in ("PLAYED", "ERROR") and time.monotonic() < until:
        request = http.get(queued.json()["queued_request_link"]).raise_for_status().json()
        if request["status"] in ("failed", "cancelled"):
            sys.exit(request["error"]["message"])
        if status != request["message_status"]:
            status = request["message_status"]
            print(status, flush=True)
        time.sleep(0.2)
