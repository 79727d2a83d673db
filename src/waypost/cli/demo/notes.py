"""The four voice notes of the demo, and the check that what arrived is what was sent."""

import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waypost.cli.demo.calls import Gateway
from waypost.cli.demo.screen import Screen, StepFailed
from waypost.sandbox.client import SandboxClient
from waypost.sandbox.views import InboxMessage
from waypost.voice.verify import verify

_ARRIVES_WITHIN_S = 20


@dataclass(frozen=True)
class Recipient:
    """The sandbox contact that plays the notes."""

    phone: str
    sandbox: SandboxClient

    @property
    def number(self) -> str:
        """How the sandbox writes its number."""
        return f"+{self.phone}"

    @property
    def chat_id(self) -> str:
        """How the API names the chat."""
        return f"{self.phone}@c.us"


@dataclass(frozen=True)
class Delivery:
    """One note that went all the way: its finished request and the file that the contact decrypted."""

    request: Mapping[str, Any]
    file: Path


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
    await gateway.status_reached(
        envelope, "PLAYED", told=lambda status: screen.line(f"receipt: [cyan]{status}[/]")
    )
    body = request["response_body"]
    message = await _arrived(recipient, body["key"]["id"])
    media = await recipient.sandbox.media(recipient.number, message.seq)
    file = out / f"{body['key']['id']}.ogg"
    file.write_bytes(media)
    _check(media, message, body["message"]["audioMessage"])
    screen.line(f"decrypted, verified packet by packet, byte-equal to what was sent: {file}")
    return Delivery(request, file)


async def check_caption(screen: Screen, recipient: Recipient, delivery: Delivery, caption: str) -> None:
    """The caption arrived as a text of its own, quoting the note."""
    key = delivery.request["response_body"]["caption_message"]["key"]["id"]
    message = await _arrived(recipient, key)
    if message.text != caption:
        raise StepFailed("the caption that arrived is not the one that was sent")
    if message.quoted_id != delivery.request["response_body"]["key"]["id"]:
        raise StepFailed("the caption does not quote its note")
    screen.line(f"the caption arrived, quoting its note: “{message.text}”")


async def check_reply(recipient: Recipient, delivery: Delivery, replied_to: str) -> None:
    """The note quotes the message that it replies to."""
    message = await _arrived(recipient, delivery.request["response_body"]["key"]["id"])
    if message.quoted_id != replied_to:
        raise StepFailed("the note does not quote the message that it replies to")


async def _arrived(recipient: Recipient, message_id: str) -> InboxMessage:
    after = 0
    while (inbox := await recipient.sandbox.inbox(recipient.number, after, _ARRIVES_WITHIN_S)).messages:
        for message in inbox.messages:
            if message.id == message_id:
                return message
        after = inbox.last
    raise StepFailed(f"the contact did not receive {message_id}")


def _check(media: bytes, message: InboxMessage, stated: Mapping[str, Any]) -> None:
    digest = base64.b64encode(hashlib.sha256(media).digest()).decode()
    if digest != stated["fileSha256"]:
        raise StepFailed("the file that arrived is not the file that was sent")
    if message.audio is None or not message.audio.ptt:
        raise StepFailed("what arrived is not a voice note")
    verify(media)
