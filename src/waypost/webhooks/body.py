"""What a webhook is sent, to the letter of the API's contract."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from standardwebhooks.webhooks import Webhook as Signer

from waypost.address import Jid
from waypost.instances.instance import Instance
from waypost.webhooks.journal import Entry
from waypost.webhooks.webhook import Webhook

_ENCODER = msgspec.json.Encoder()


def body(entry: Entry, instance: Instance, user_id: str) -> bytes:
    """The JSON of an event."""
    data = {
        "id": entry.id,
        "event": entry.name,
        "metadata": (),
        "me": me(instance),
        "payload": entry.payload,
        "instanceId": entry.instance_id,
        "userId": user_id,
    }
    return _ENCODER.encode({"event": entry.name, "data": data})


def me(instance: Instance) -> dict[str, Any]:
    """The account, by its number as clients write it; while none is paired, the one that will be."""
    account = instance.account
    if account is None:
        return {"id": f"{instance.phone}@c.us", "pushName": "", "lid": None}
    lid = None if account.lid is None else str(Jid.parse(account.lid).bare)
    return {
        "id": f"{Jid.parse(account.jid).user}@c.us",
        "pushName": account.push_name,
        "lid": lid,
    }


def headers(webhook: Webhook, event_id: str, content: bytes, now: float) -> dict[str, str]:
    """Everything that is sent beside the body: the plain secret and the signatures, by the present key and,
    for a while, the one before it.
    """
    at = datetime.fromtimestamp(int(now), UTC)
    keys = [webhook.signing_secret]
    if webhook.old_signing_secret is not None and now < (webhook.old_until or 0.0):
        keys.append(webhook.old_signing_secret)
    text = content.decode()
    chosen = {name.lower() for name in webhook.headers}
    return {
        **webhook.headers,
        **({} if "user-agent" in chosen else {"user-agent": "Waypost"}),
        "content-type": "application/json",
        "x-userId": webhook.user_id,
        "x-instanceId": webhook.instance_id,
        "authorization": webhook.secret,
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now)),
        "webhook-signature": " ".join(Signer(key).sign(event_id, at, text) for key in keys),
    }


def about(entry: Entry, webhook: Webhook) -> dict[str, str]:
    """The call that an event came of, for the receiver's own log, unless the operator has that header."""
    if entry.request_id is None or any(name.lower() == "x-request-id" for name in webhook.headers):
        return {}
    return {"x-request-id": entry.request_id}


def shown(sent: dict[str, str], webhook: Webhook) -> dict[str, str]:
    """Headers for the record: values that an operator chose may be secrets."""
    hidden = {"authorization", *webhook.headers}
    return {name: "***" if name in hidden else value for name, value in sent.items()}
