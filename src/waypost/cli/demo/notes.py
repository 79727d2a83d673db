"""The four voice notes of the demo, and the check that what arrived is what was sent."""

import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waypost.cli.demo.calls import Gateway
from waypost.cli.demo.recipients import Arrived, Recipient
from waypost.cli.demo.screen import Screen, StepFailed
from waypost.voice.verify import verify


@dataclass(frozen=True)
class Delivery:
    """One note that went all the way: its finished request and what the recipient decrypted."""

    request: Mapping[str, Any]
    message: Arrived


async def deliver(
    screen: Screen,
    gateway: Gateway,
    recipient: Recipient,
    out: Path,
    send: Callable[[], Awaitable[dict[str, Any]]],
) -> Delivery:
    """Send one note, follow it until it was played, and check what the contact received."""
    envelope = await send()
    screen.document("queue envelope", envelope)
    request = await gateway.finished(envelope)
    screen.document("finished queued request", request)
    if request["status"] != "sent":
        raise StepFailed(f"the request ended as {request['status']}: {request['error']['message']}")
    body = request["response_body"]
    message = await recipient.arrived(body["key"]["id"])
    await recipient.play(body["key"]["id"])
    await gateway.status_reached(
        envelope, "PLAYED", told=lambda status: screen.line(f"receipt: [cyan]{status}[/]")
    )
    file = out / f"{body['key']['id']}.ogg"
    file.write_bytes(message.media)
    _check(message, body["message"]["audioMessage"])
    screen.line(f"decrypted, verified packet by packet, byte-equal to what was sent: {file}")
    return Delivery(request, message)


async def check_caption(screen: Screen, recipient: Recipient, delivery: Delivery, caption: str) -> None:
    """The caption arrived as a text of its own, quoting the note."""
    key = delivery.request["response_body"]["caption_message"]["key"]["id"]
    message = await recipient.arrived(key)
    if message.text != caption:
        raise StepFailed("the caption that arrived is not the one that was sent")
    if message.quoted_id != delivery.request["response_body"]["key"]["id"]:
        raise StepFailed("the caption does not quote its note")
    screen.line(f"the caption arrived, quoting its note: “{message.text}”")


def check_reply(delivery: Delivery, replied_to: str) -> None:
    """The note quotes the message that it replies to."""
    if delivery.message.quoted_id != replied_to:
        raise StepFailed("the note does not quote the message that it replies to")


def _check(message: Arrived, stated: Mapping[str, Any]) -> None:
    digest = base64.b64encode(hashlib.sha256(message.media).digest()).decode()
    if digest != stated["fileSha256"]:
        raise StepFailed("the file that arrived is not the file that was sent")
    if not message.is_voice_note:
        raise StepFailed("what arrived is not a voice note")
    verify(message.media)
