"""Receive events with FastAPI and believe only those that Waypost has signed.

Make a webhook with `POST /api/whatsapp/v2/{instance}/webhooks`; its answer tells `signing_secret` this once.
pip install fastapi uvicorn standardwebhooks
SIGNING_SECRET=whsec_… uvicorn webhook_receiver:app --port 8000
"""

import os
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

app = FastAPI()
signed = Webhook(os.environ["SIGNING_SECRET"])
seen: set[str] = set()  # a database's work: events come at least once


@app.post("/events")
async def receive(request: Request) -> dict[str, Any]:
    try:
        event = signed.verify(await request.body(), dict(request.headers))
    except WebhookVerificationError:
        raise HTTPException(401, "Not signed by Waypost.") from None
    data = event["data"]
    if data["id"] not in seen:
        seen.add(data["id"])
        print(data["event"], data["payload"].get("from"), data["payload"].get("body"), flush=True)
    return {"received": data["id"]}
