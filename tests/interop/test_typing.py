"""What is no message: the other engine is told that we type, and that we stopped."""

import pytest
from tests.interop.rows import Address, Stage, chat_of
from tests.interop.told import Told

pytestmark = pytest.mark.asyncio(loop_scope="session")

STOPPED = {"baileys": "available", "whatsmeow": "paused"}


@pytest.mark.parametrize("to", ["number", "LID"])
async def test_typing_is_seen_to_begin_and_to_end(stage: Stage, told: Told, to: Address) -> None:
    us = (f"{stage.us.number}@s.whatsapp.net", f"{stage.us.lid}@lid")
    for operation, state in (("start-typing", "composing"), ("stop-typing", STOPPED[stage.phone.engine])):
        request = await stage.us.done("POST", operation, json={"chatId": chat_of(stage, to)})
        assert (request["response_status"], request["response_body"]) == (200, {"result": True})
        seen = await stage.phone.driven.event("doing", state=state)
        assert seen["from"] in us
    told.rows.append((stage.phone.engine, to, "our typing", "seen to begin and to end"))
