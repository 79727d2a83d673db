"""Linking by a code that is typed into the phone."""

import pytest

from waypost.engine.port import Paired, QrCode
from waypost.errors import SandboxError
from waypost.testing.engine_stage import EngineStage

PHONE, OTHER = "+4915112345678", "+4915112345679"


async def shown(stage: EngineStage, instance_id: str, phone: str) -> QrCode:
    seen = len(stage.events.steps)
    await stage.engine.pair(instance_id, stage.network, phone[1:])
    await stage.events.until(lambda: len(stage.events.steps) > seen)
    step = stage.events.steps[seen][1]
    assert isinstance(step, QrCode), step
    return step


async def test_a_phone_is_linked_by_the_code_that_its_user_types(stage: EngineStage) -> None:
    await stage.sandbox.add_phone(PHONE, "Shop")
    code = await shown(stage, "shop", PHONE)
    assert code.typed
    linked = await stage.sandbox.type_code(PHONE, code.text.lower())
    await stage.events.until(lambda: isinstance(stage.events.steps[-1][1], Paired))
    paired = stage.events.steps[-1][1]
    assert isinstance(paired, Paired)
    assert paired.jid == linked.jid
    session = await stage.connected("shop")
    assert session.mark.device_jid == linked.jid


async def test_a_wrong_code_and_another_phone_link_nothing(stage: EngineStage) -> None:
    for phone in (PHONE, OTHER):
        await stage.sandbox.add_phone(phone)
    code = await shown(stage, "shop", PHONE)
    with pytest.raises(SandboxError, match="No device waits"):
        await stage.sandbox.type_code(OTHER, code.text)
    wrong = code.text[:-1] + ("1" if code.text[-1] != "1" else "2")
    with pytest.raises(SandboxError, match=r"not the code|does not answer"):
        await stage.sandbox.type_code(PHONE, wrong)
    assert (await stage.sandbox.phone(PHONE)).devices == []
