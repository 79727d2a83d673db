"""What is no message: the other engine is told that what it wrote was read."""

import pytest
from tests.interop.rows import Address, Stage, chat_of, jid_of, told_of
from tests.interop.told import Told

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("to", ["number", "LID", "group"])
async def test_their_messages_are_seen_one_by_one_and_all_together(
    stage: Stage, told: Told, to: Address
) -> None:
    chat, theirs = chat_of(stage, to), []
    for words in ("one", "two", "three"):
        theirs.append(await stage.phone.send_text(jid_of(stage, to), words))
        await told_of(stage, theirs[-1])
    await stage.us.done("POST", "send-seen", json={"chatId": chat, "messageId": theirs[0]})
    await stage.phone.receipt(theirs[0], "read")
    body = {"chatId": chat, "messages": 2}
    answer = (await stage.us.done("POST", "read-chat", json=body))["response_body"]
    assert set(answer["ids"]) == set(theirs[1:])
    for id in theirs[1:]:
        await stage.phone.receipt(id, "read")
    told.rows.append((stage.phone.engine, to, "their texts", "read one by one, and all together"))
