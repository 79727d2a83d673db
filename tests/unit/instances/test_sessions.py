"""What becomes of instances when a gateway starts; the engine in memory, the rows in SQLite."""

from collections.abc import Sequence
from pathlib import Path

from waypost.engine.port import EngineEvent, Network, PairingEvent
from waypost.instances.instance import Account, Instance, NetworkName
from waypost.instances.register import Register
from waypost.instances.sessions import Sessions
from waypost.instances.state import InstanceState
from waypost.storage.instances import SqlInstances
from waypost.storage.sqlite.database import opened
from waypost.telemetry import make_log
from waypost.testing.clock import FakeClock
from waypost.testing.engine import MemoryEngine
from waypost.testing.outbox_house import until


class Quiet:
    async def deliver(self, events: Sequence[EngineEvent]) -> None:
        pass

    async def on_pairing(self, instance_id: str, event: PairingEvent) -> None:
        pass


class Sandbox:
    async def get(self, name: NetworkName) -> Network:
        return Network(name=name)


async def test_an_instance_whose_keys_are_not_here_can_be_paired_anew(tmp_path: Path) -> None:
    account = Account(jid="447700900101:1@s.whatsapp.net")
    restored = Instance(
        id="shop", name="shop", phone="447700900101", network="sandbox", created_at=1.0, account=account
    )
    clock = FakeClock()
    async with opened(tmp_path / "waypost.db") as database:
        store, register = SqlInstances(database), Register(clock, lambda _: None)
        await store.add(restored)
        await store.set_account("shop", account)
        register.add(restored)
        engine = MemoryEngine(Quiet(), Quiet(), clock)
        sessions = Sessions(store, lambda: engine, Sandbox(), register, make_log("error", "text"))
        async with sessions.running():
            await until(lambda: register.condition("shop").state is InstanceState.FAILED)
        assert register.condition("shop").reason == "logged_out"
        found = await store.get("shop")
        assert found is not None
        assert (found.account, found.ended) == (None, "logged_out")
