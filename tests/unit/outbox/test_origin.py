"""On whose behalf the outbox works: of the call that a request was accepted with, whoever came since."""

import io
from pathlib import Path

import msgspec

from waypost.origin import Origin, on_behalf_of, origin
from waypost.outbox.request import Acceptance, Request
from waypost.telemetry import make_log
from waypost.testing.executor import ScriptedExecutor
from waypost.testing.outbox_house import House, finished

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def named(call: Acceptance, request_id: str, traceparent: str | None = None) -> Acceptance:
    return msgspec.structs.replace(call, request_id=request_id, traceparent=traceparent)


class Witness:
    """Notes on whose behalf each request is worked on."""

    def __init__(self, executor: ScriptedExecutor) -> None:
        self.seen: list[tuple[str, Origin | None]] = []
        for point in ("prepare", "stage", "perform"):
            executor.always(point, self.see)

    async def see(self, request: Request) -> None:
        self.seen.append((request.uuid, origin()))


async def test_what_a_crash_has_cut_off_goes_on_in_the_name_of_its_call(tmp_path: Path) -> None:
    house, log = House(tmp_path / "waypost.db"), io.StringIO()
    house.log = make_log("info", "json", log)
    away = ScriptedExecutor(house.network)
    away.connected = False
    async with house.open(away) as (outbox, _):
        accepted = await outbox.accept(named(house.call(), "order-1", PARENT))
    executor = ScriptedExecutor(house.network)
    witness = Witness(executor)
    async with house.open(executor) as (outbox, _):
        request = await finished(outbox, accepted.uuid)
    assert request.origin == Origin("order-1", PARENT)
    assert witness.seen
    assert {who for _, who in witness.seen} == {Origin("order-1", PARENT)}
    lines = [msgspec.json.decode(line) for line in log.getvalue().splitlines()]
    assert [line["request_id"] for line in lines if line["event"] == "request_finished"] == ["order-1"]


async def test_a_call_that_sets_others_going_does_not_lend_them_its_name(tmp_path: Path) -> None:
    house = House(tmp_path / "waypost.db")
    executor = ScriptedExecutor(house.network)
    witness = Witness(executor)
    executor.connected = False
    async with house.open(executor) as (outbox, _):
        calls = [named(house.call(chat), f"order-{chat}") for chat in ("1", "2")]
        uuids = {(await outbox.accept(call)).uuid: call.request_id for call in [*calls, house.call("3")]}
        executor.connected = True
        with on_behalf_of(Origin("somebody-else")):
            outbox.wake(house.call().instance_id)
            last = await outbox.accept(named(house.call("1"), "order-last"))
        uuids[last.uuid] = "order-last"
        for uuid in uuids:
            await finished(outbox, uuid)
    assert len(witness.seen) == 12
    assert {(uuid, None if who is None else who.request_id) for uuid, who in witness.seen} == set(
        uuids.items()
    )
