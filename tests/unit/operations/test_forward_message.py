"""What may be passed on to another chat."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.unit.operations.stage import SHOP, parts

from waypost.errors import MESSAGE_NOT_FORWARDABLE, EngineError
from waypost.instances.messages import Message
from waypost.operations.messages.forward_message import FORWARD_MESSAGE, ForwardMessagePayload
from waypost.outbox.request import Request, RequestState

FRIEND = "447700900102@s.whatsapp.net"
SOUND = {"audioMessage": {"PTT": True}}
ONCE = {"audioMessage": {"PTT": True, "viewOnce": True}}


def message(names: dict[str, Any], **more: Any) -> Message:
    return Message(
        instance_id=SHOP,
        message_id="3A1",
        chat=FRIEND,
        sender=FRIEND,
        from_me=False,
        timestamp=0,
        content=b"a protobuf",
        names=msgspec.json.encode(names),
        **more,
    )


async def staged(folder: Path, kept: Message) -> bytes:
    here = await parts(folder)
    await here.messages.put([kept])
    payload = ForwardMessagePayload(chat="447700900103@s.whatsapp.net", message_id="3A1")
    request = Request(
        uuid="0197",
        seq=1,
        instance_id=SHOP,
        operation=FORWARD_MESSAGE.name,
        chat_key=payload.chat,
        state=RequestState.QUEUED,
        request=b"{}",
        payload=msgspec.json.encode(payload),
        payload_version=1,
        created_at=0.0,
        expires_at=1.0,
    )
    return (await FORWARD_MESSAGE.stage(here.resources, request, payload)).data


@pytest.mark.parametrize(
    "kept",
    [
        message(ONCE, kind="voice"),
        message({"viewOnceMessageV2Extension": {"message": ONCE}}, kind="voice"),
        message({"viewOnceMessageV2": {"message": {"imageMessage": {}}}}, kind="image"),
        message({"ephemeralMessage": {"message": ONCE}}, kind="voice"),
        message({"reactionMessage": {"text": "x"}}, kind="reaction"),
        message(SOUND, kind="voice", revoked_at=1.0),
    ],
    ids=["once", "own once", "wrapper alone", "once in another wrapper", "reaction", "deleted"],
)
async def test_what_may_be_seen_once_or_is_none_of_its_own_stays_where_it_is(
    tmp_path: Path, kept: Message
) -> None:
    with pytest.raises(EngineError) as refused:
        await staged(tmp_path, kept)
    assert refused.value.fault is MESSAGE_NOT_FORWARDABLE


async def test_a_note_is_passed_on_as_it_was_sent(tmp_path: Path) -> None:
    assert msgspec.json.decode(await staged(tmp_path, message(SOUND, kind="voice")))["names"] == SOUND
