"""What a long memory costs: a page of chats and of messages, on a short history and on a long one."""

import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from bench.scale import Scale
from bench.section import Figures, Section
from waypost.address import Jid
from waypost.chats.directory import Directory
from waypost.chats.files import FileQueue
from waypost.chats.history import History
from waypost.chats.links import Links
from waypost.chats.store import FIRST
from waypost.clock import SystemClock
from waypost.instances.contacts import Contacts, Naming
from waypost.instances.instance import Instance
from waypost.instances.lids import Lids
from waypost.instances.messages import Message
from waypost.media.blobs import LocalBlobs
from waypost.storage.acks import SqlAcks
from waypost.storage.chats import SqlChats
from waypost.storage.contacts import SqlContacts
from waypost.storage.database import Database
from waypost.storage.instances import SqlInstances
from waypost.storage.lids import SqlLids
from waypost.storage.media import SqlMedia
from waypost.storage.postgres import database as postgres
from waypost.storage.postgres.target import Target
from waypost.storage.sqlite import database as sqlite
from waypost.telemetry import make_log
from waypost.testing.postgres import running_server

_PAGE: Final = 20
_TIMES: Final = 60
_BATCH: Final = 500
_SHOP: Final = Instance(id="shop", name="shop", phone="447700900001", network="sandbox", created_at=0.0)
_WORDS: Final = "The parcel is at the neighbour's, who is at home until six in the evening."

Asked = Callable[[], Awaitable[Any]]


async def run(scale: Scale) -> Figures:
    """Each history in a database of its own, so that nothing but its length differs."""
    rows = []
    with tempfile.TemporaryDirectory() as folder, running_server() as server:
        for chats, each in scale.histories:
            async with sqlite.opened(Path(folder) / f"{chats}.db") as database:
                rows.append({"database": "SQLite", **await _row(database, Path(folder), chats, each)})
            async with _postgres(server.url(server.create())) as database:
                rows.append({"database": "PostgreSQL", **await _row(database, Path(folder), chats, each)})
    return {"rows": rows, "page": _PAGE}


@asynccontextmanager
async def _postgres(url: str) -> AsyncIterator[Database]:
    async with postgres.opened(Target(url), 2, 2) as database:
        yield database


async def _row(database: Database, folder: Path, chats: int, each: int) -> dict[str, Any]:
    history, contacts = await _filled(database, folder, chats, each)
    # In turn: each chat's latest is among the last of all, and its messages are spread evenly.
    middle, between = (each * chats // 2, ""), (each * chats - chats // 2, "")
    chat = Jid.of_number(_number(0))
    asked: dict[str, Asked] = {
        "chats": lambda: history.chats("shop", FIRST, _PAGE, 0),
        "chats_behind": lambda: history.chats("shop", between, _PAGE, 0),
        "messages": lambda: history.messages("shop", chat, FIRST, _PAGE),
        "messages_behind": lambda: history.messages("shop", chat, middle, _PAGE),
        "contacts": lambda: contacts.people("shop", _PAGE, 0, "name", "asc"),
    }
    return {
        "chats": chats,
        "messages": chats * each,
        "ms": {name: await _ms(one) for name, one in asked.items()},
    }


async def _filled(database: Database, folder: Path, chats: int, each: int) -> tuple[History, Contacts]:
    """`each` messages of as many chats, one after the other in turn, and their people."""
    await SqlInstances(database).add(_SHOP)
    clock, log = SystemClock(), make_log("error", "text")
    store, media = SqlChats(database), SqlMedia(database)
    contacts = Contacts(SqlContacts(database), Lids(SqlLids(database)), clock)
    people = [str(Jid.of_number(_number(chat))) for chat in range(chats)]
    for start in range(0, chats, _BATCH):
        named = [Naming(jid=jid, pushname=f"Ada {jid[-20:]}") for jid in people[start : start + _BATCH]]
        await contacts.call("shop", named)
    batch: list[Message] = []
    for at in range(chats * each):
        batch.append(_message(at, people[at % chats]))
        if len(batch) == _BATCH:
            await store.keep(batch, [], 0.0)
            batch = []
    await store.keep(batch, [], 0.0)
    directory = Directory(contacts.lids, {"shop": _SHOP}.get)
    links = Links("http://127.0.0.1", 60.0, clock)
    blobs = LocalBlobs(folder / "blobs")
    queue = FileQueue(
        media, store, blobs, lambda _: None, lambda _: True, folder, 0, lambda: None, clock, log
    )
    return History(store, media, queue, links, directory, contacts, SqlAcks(database)), contacts


def _number(chat: int) -> str:
    return f"4477{chat:08}"


def _message(at: int, jid: str) -> Message:
    return Message(
        instance_id="shop",
        message_id=f"3EB0{at:016X}",
        chat=jid,
        sender=jid,
        from_me=False,
        timestamp=at,
        content=_WORDS.encode(),
        kind="text",
        names=b'{"conversation":"%s"}' % _WORDS.encode(),
        push_name="Ada",
        secret=bytes(32),
        seen=False,
    )


async def _ms(asked: Asked) -> float:
    await asked()
    took = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        await asked()
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1000


_COLUMNS: Final = {
    "chats": "chats",
    "chats_behind": "from the middle",
    "messages": "messages",
    "messages_behind": "from the middle",
    "contacts": "contacts",
}


def report(figures: Figures) -> Sequence[str]:
    """The table's lines, and how the longest of a database compares to its shortest."""
    rows = figures["rows"]
    lines = [
        f"a page of {figures['page']}, p50 ms",
        "database     messages    chats" + "".join(f"{name:>17}" for name in _COLUMNS.values()),
        *(
            f"{row['database']:10} {row['messages']:10,} {row['chats']:8,}"
            + "".join(f"{row['ms'][name]:17.2f}" for name in _COLUMNS)
            for row in rows
        ),
    ]
    for database in dict.fromkeys(row["database"] for row in rows):
        own = sorted((row for row in rows if row["database"] == database), key=lambda row: row["messages"])
        ratios = (own[-1]["ms"][name] / own[0]["ms"][name] for name in _COLUMNS)
        lines.append(f"{database:10} longest : shortest" + "".join(f"{ratio:17.2f}" for ratio in ratios))
    return lines


SECTION = Section("history", "A long memory of chats", run, report)
