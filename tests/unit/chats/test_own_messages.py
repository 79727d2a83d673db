"""When messages of ours are told, whatever happens to one of them."""

import asyncio
from collections.abc import Sequence
from typing import Any

from waypost.chats.own_messages import OwnMessages
from waypost.chats.telling import Told
from waypost.chats.untold import NotTaken, Untold
from waypost.errors import STORAGE_UNAVAILABLE, StorageError
from waypost.events import Event
from waypost.telemetry import make_log


class Rows:
    """What is untold; `told` are the keys of what was."""

    def __init__(self, *names: str) -> None:
        self.rows = [
            Untold(place, 0.0, NotTaken("shop", name, "them")) for place, name in enumerate(names, 1)
        ]
        self.told: list[str] = []
        self.broken = False

    async def after(self, seq: int, limit: int) -> list[Untold]:
        return [row for row in self.rows if row.seq > seq][:limit]

    async def remove(self, seqs: Sequence[int]) -> None:
        if self.broken:
            raise StorageError(STORAGE_UNAVAILABLE)
        self.rows = [row for row in self.rows if row.seq not in seqs]

    async def made(self, untold: Untold) -> list[Told]:
        what: Any = untold.what
        if what.message_id == "odd":
            raise ValueError("a row that a later release wrote")
        event = Event(instance_id="shop", name="message.ack", key=what.message_id, at=0.0, payload={})
        return [Told(event=event)]

    async def tell(self, told: Sequence[Told]) -> None:
        self.told += [one.event.key for one in told]


def telling(rows: Rows, holds: bool = True) -> OwnMessages:
    return OwnMessages(rows, rows.made, rows.tell, lambda _: holds, make_log("error", "text"))


async def test_one_that_can_not_be_told_keeps_no_other_from_it() -> None:
    rows = Rows("a", "odd", "b")
    await telling(rows).tell_all()
    assert (rows.told, rows.rows) == (["a", "b"], [])


async def test_what_another_node_holds_is_left_for_it() -> None:
    rows = Rows("a")
    await telling(rows, holds=False).tell_all()
    assert (rows.told, len(rows.rows)) == ([], 1)


async def test_what_was_told_and_could_not_be_removed_is_told_again() -> None:
    rows = Rows("a")
    rows.broken = True
    here = telling(rows)
    here.wake()
    try:
        await here.flush()
    except StorageError:
        rows.broken = False
    await here.flush()
    assert (rows.told, rows.rows) == (["a", "a"], [])


async def test_what_is_left_when_the_gateway_stops_is_told_before_it_is_gone() -> None:
    rows = Rows()
    here = telling(rows)
    async with asyncio.timeout(20), here.running():
        await asyncio.sleep(0)
        rows.rows = Rows("last").rows
        here.wake()
    assert (rows.told, rows.rows) == (["last"], [])


async def test_rows_that_get_the_numbers_of_those_before_them_are_told_in_their_order() -> None:
    later = iter([["b", "c"]])

    class Emptied(Rows):
        async def remove(self, seqs: Sequence[int]) -> None:
            await super().remove(seqs)
            # An empty table begins again at 1, as SQLite's do.
            self.rows = Rows(*next(later, [])).rows or self.rows

    rows = Emptied("a")
    await telling(rows).tell_all()
    assert (rows.told, rows.rows) == (["a", "b", "c"], [])
