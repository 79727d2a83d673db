"""Run by test_translation.py: pairing with a client that is played."""

import asyncio
from collections.abc import Callable
from typing import Any

from waypost.engine.hosts.whatsmeow.library import QR_CODE, allow_protobufs, package_folder

allow_protobufs(package_folder())

from neonize.proto import Neonize_pb2 as proto  # noqa: E402

from waypost.engine.hosts.whatsmeow import incoming  # noqa: E402
from waypost.engine.hosts.whatsmeow.pairing import HostedPairing  # noqa: E402
from waypost.engine.port import Paired, PairingEvent, PairingFailed, QrCode  # noqa: E402
from waypost.errors import CLIENT_OUTDATED  # noqa: E402


class PlayedClient:
    """Plays the events given, then stays as the library's client does; its first runs fail."""

    def __init__(self, events: list[tuple[int, bytes]], failures: int) -> None:
        self.events = events
        self.failures = failures
        self.disconnected = False
        self.tell: Callable[[int, bytes], None] = lambda code, data: None

    async def run(self) -> str:
        if self.failures:
            self.failures -= 1
            return "failed to dial https://a:b@c"
        for code, data in self.events:
            self.tell(code, data)
        await asyncio.Event().wait()
        return ""

    async def disconnect(self) -> None:
        self.disconnected = True


async def steps_of(*events: tuple[int, bytes], failures: int = 0) -> list[PairingEvent | None]:
    client, steps = PlayedClient(list(events), failures), []

    def make(_: bytes, tell: Callable[[int, bytes], None]) -> Any:
        client.tell = tell
        return client

    async def report(step: PairingEvent | None) -> None:
        steps.append(step)

    async with asyncio.timeout(10):
        await HostedPairing(make, report, first_lasts=0.05, others_last=0.02, again=(0.01, 0.01)).run()
    assert client.disconnected == isinstance(steps[-1], Paired)
    return steps


def scanned() -> tuple[int, bytes]:
    jid = proto.JID(User="4915", Server="s.whatsapp.net", Device=3, RawAgent=0, Integrator=0, IsEmpty=False)
    status = proto.PairStatus(ID=jid, Status=proto.PairStatus.SUCCESS)
    return incoming.PAIR_STATUS, bytes(status.SerializePartialToString())


async def main() -> None:
    # Trap 6: the library says nothing when its codes are used up.
    used_up = await steps_of((QR_CODE, b"one"), (QR_CODE, b"two"))
    assert [getattr(step, "text", None) for step in used_up] == ["one", "two", None], used_up
    assert isinstance(used_up[0], QrCode)

    # A scan, the reconnect that the server asks for, the first login; what else comes is ignored.
    paired = await steps_of((QR_CODE, b"one"), scanned(), (0, b"\xff"), (incoming.CONNECTED, b""))
    assert paired[-1] == Paired(jid="4915:3@s.whatsapp.net", lid=None), paired

    outdated = await steps_of((QR_CODE, b"one"), (incoming.OUTDATED, b""))
    assert isinstance(outdated[-1], PairingFailed)
    assert outdated[-1].code == CLIENT_OUTDATED.code

    # The first connect is tried again, and its last failure told without addresses.
    later = await steps_of((QR_CODE, b"one"), scanned(), (incoming.CONNECTED, b""), failures=2)
    assert isinstance(later[-1], Paired), later
    (unreachable,) = await steps_of(failures=3)
    assert isinstance(unreachable, PairingFailed)
    assert unreachable.reason == "The first connect failed: failed to dial <url>", unreachable

    refused = proto.PairStatus(
        Status=proto.PairStatus.ERROR, Error="hmac mismatch"
    ).SerializePartialToString()
    failed = await steps_of((QR_CODE, b"one"), (incoming.PAIR_STATUS, refused))
    assert failed[-1] == PairingFailed(code="pairing_failed", reason="hmac mismatch"), failed
    print("6 cases")


asyncio.run(main())
