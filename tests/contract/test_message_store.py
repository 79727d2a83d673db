"""What any store of messages for quotes must do."""

import sqlite3

import msgspec
import pytest

from waypost.instances.instance import Instance
from waypost.instances.messages import Message
from waypost.storage.database import Connection, Database
from waypost.storage.instances import SqlInstances
from waypost.storage.messages import SqlMessages

OWN = Message(
    instance_id="shop",
    message_id="3EB0AA",
    chat="447700900002@s.whatsapp.net",
    sender="447700900001@s.whatsapp.net",
    from_me=True,
    timestamp=100,
    content=b"protobuf",
)
KEPT = msgspec.structs.replace(OWN, place=1)


@pytest.fixture(autouse=True)
async def instance(database: Database) -> None:
    await SqlInstances(database).add(
        Instance(id="shop", name="shop", phone="447700900001", network="sandbox", created_at=0.0)
    )


async def test_a_message_that_was_kept_is_found_by_its_id(database: Database) -> None:
    store = SqlMessages(database)
    await store.put([OWN])
    await store.put([OWN])
    assert await store.find("shop", "3EB0AA") == [KEPT]
    assert await store.find("other", "3EB0AA") == []


async def test_a_sent_message_whose_row_was_lost_in_a_crash_is_known_by_its_step(database: Database) -> None:
    store = SqlMessages(database)
    await database.write(_sent_step)
    (found,) = await store.find("shop", "3EB0AA")
    assert (found.chat, found.sender, found.from_me, found.content) == (OWN.chat, OWN.sender, True, b"")
    await store.put([OWN])
    assert await store.find("shop", "3EB0AA") == [KEPT]


async def test_whoever_writes_from_another_network_is_found_by_the_address_that_came(
    database: Database,
) -> None:
    stranger = msgspec.structs.replace(KEPT, sender="1-4477@interop", chat="1-4477@interop", from_me=False)
    store = SqlMessages(database)
    await store.put([stranger])
    assert await store.find("shop", "3EB0AA") == [stranger]


async def test_old_messages_are_forgotten(database: Database) -> None:
    store = SqlMessages(database)
    await store.put([OWN])
    assert await store.delete_older(101, 10) == 1
    assert await store.find("shop", "3EB0AA") == []


def _sent_step(connection: Connection) -> None:
    nothing = "x''" if isinstance(connection, sqlite3.Connection) else "''::bytea"
    connection.execute(
        "INSERT INTO requests (uuid, instance_id, operation, chat_key, state, epoch, request, payload,"
        " payload_version, created_at, expires_at)"
        f" VALUES ('u', 'shop', 'send-text', 'c', 'sent', 1, {nothing}, {nothing}, 1, 0, 1)"
    )
    connection.execute(
        "INSERT INTO steps (uuid, number, instance_id, name, state, device_jid, message_id, chat, timestamp)"
        " VALUES ('u', 0, 'shop', 'text', 'sent', '447700900001:7@s.whatsapp.net', '3EB0AA',"
        f" '{OWN.chat}', 100)"
    )
