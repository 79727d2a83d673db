"""The gateway's side of a session in PostgreSQL; the engine's is in tests/network/engine."""

from collections.abc import AsyncIterator

import psycopg
import pytest
import pytest_asyncio

from waypost.engine.port import Mark, MaybeSent, NeverSent, Unknowable
from waypost.engine.store import FENCED, SessionStore
from waypost.errors import NOT_CONNECTED, STORE_NOT_WRITABLE, EngineError
from waypost.storage.postgres.database import connected
from waypost.storage.postgres.deserted_sessions import DesertedSessions
from waypost.storage.postgres.engine_address import EngineAddress
from waypost.storage.postgres.session_store import PostgresPairing, PostgresSessionStores
from waypost.storage.postgres.target import Target
from waypost.telemetry import make_log

SECRET = bytes(range(32))
EPOCH = 3
_LEASE = """
WITH made AS (
    INSERT INTO instances (id, name, phone, network, created_at, caption_as_text, webhook_url)
    VALUES ('shop', 'shop', '1', 'sandbox', 1, true, '') RETURNING id
)
INSERT INTO leases (instance_id, node_id, epoch, expires_at)
SELECT id, 'n', 3, now() + interval '1 hour' FROM made
"""
# As far as anybody but the library looks into them.
_TABLES = """
CREATE TABLE {schema}.whatsmeow_device (jid text PRIMARY KEY, lid text, push_name text NOT NULL DEFAULT '');
CREATE TABLE {schema}.whatsmeow_sessions (our_jid text);
CREATE TABLE {schema}.whatsmeow_sender_keys (our_jid text);
CREATE TABLE {schema}.whatsmeow_identity_keys (our_jid text);
CREATE TABLE {schema}.whatsmeow_message_secrets (
    our_jid text, chat_jid text, sender_jid text, message_id text, key bytea
);
"""
_DEVICE = "INSERT INTO {schema}.whatsmeow_device VALUES ('49151:3@s.whatsapp.net', '77:3@lid', 'Shop')"


class Shop:
    """The store of one instance, and a connection like the library's."""

    def __init__(self, stores: PostgresSessionStores, epochs: dict[str, int], url: str) -> None:
        self.stores = stores
        self.epochs = epochs
        self.url = url

    @property
    def store(self) -> SessionStore:
        return self.stores.of("shop")

    def sql(self, statement: str, epoch: int | None = None) -> list[tuple[object, ...]]:
        options = "" if epoch is None else f"-c waypost.epoch={epoch}"
        with psycopg.connect(self.url, autocommit=True, options=options) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    async def paired(self, token: str = "t") -> None:
        pairing = await self.store.new_pairing(token)
        assert isinstance(pairing, PostgresPairing)
        self.sql(_TABLES.replace("{schema}", pairing.schema))
        assert await pairing.identity() is None
        self.sql(_DEVICE.replace("{schema}", pairing.schema))
        assert await pairing.identity() is not None
        await self.store.adopt(pairing)


@pytest_asyncio.fixture
async def shop(postgres_url: str) -> AsyncIterator[Shop]:
    epochs = {"shop": EPOCH}
    async with connected(Target(postgres_url), writers=2, readers=1) as database:
        address = EngineAddress({"host": "127.0.0.1"})
        found = Shop(PostgresSessionStores(database, address, epochs.get), epochs, postgres_url)
        found.sql(_LEASE)
        yield found


async def test_a_store_says_who_it_belongs_to_and_what_became_of_a_send(shop: Shop) -> None:
    assert not await shop.store.exists()
    await shop.paired()
    assert await shop.store.exists()
    probe = shop.store.probe()
    identity = await probe.identity()
    assert identity is not None
    assert identity == await shop.store.probe().identity()
    assert (identity.mark.device_jid, identity.lid) == ("49151:3@s.whatsapp.net", "77@lid")
    await probe.write(SECRET)
    assert await probe.settle(SECRET, identity.mark) == NeverSent()
    row = f"VALUES ('u', 'c', 'u', '3EB0', decode('{SECRET.hex()}', 'hex'))"
    shop.sql(f"INSERT INTO session_shop.whatsmeow_message_secrets {row}", epoch=EPOCH)
    # The frame leaves after the ratchets were written.
    assert await probe.settle(SECRET, identity.mark) == NeverSent()
    shop.sql("INSERT INTO session_shop.whatsmeow_sessions VALUES ('a')", epoch=EPOCH)
    assert await probe.settle(SECRET, identity.mark) == MaybeSent(message_id="3EB0")
    for mark in (
        Mark(device_jid="other", generation=identity.mark.generation),
        Mark(device_jid="a", generation="b"),
    ):
        assert isinstance(await probe.settle(SECRET, mark), Unknowable)


async def test_a_send_of_which_the_order_was_not_noted_may_have_left(shop: Shop) -> None:
    await shop.paired()
    await shop.store.probe().identity()
    shop.sql("DROP TRIGGER waypost_began ON session_shop.whatsmeow_message_secrets")
    shop.sql("ALTER TABLE session_shop.waypost_probe DROP COLUMN began")
    shop.sql(f"INSERT INTO session_shop.waypost_probe (secret) VALUES (decode('{SECRET.hex()}', 'hex'))")
    row = f"VALUES ('u', 'c', 'u', '3EB0', decode('{SECRET.hex()}', 'hex'))"
    shop.sql(f"INSERT INTO session_shop.whatsmeow_message_secrets {row}", epoch=EPOCH)
    probe = shop.store.probe()
    identity = await probe.identity()
    assert identity is not None
    assert await probe.settle(SECRET, identity.mark) == MaybeSent(message_id="3EB0")


@pytest.mark.parametrize("change", ["INSERT INTO {0} VALUES ('a')", "UPDATE {0} SET our_jid = 'b'"])
@pytest.mark.parametrize("table", ["whatsmeow_sessions", "whatsmeow_sender_keys"])
async def test_any_ratchet_that_is_written_after_the_secret_makes_a_send_possible(
    shop: Shop, table: str, change: str
) -> None:
    await shop.paired()
    probe = shop.store.probe()
    identity = await probe.identity()
    assert identity is not None
    shop.sql(f"INSERT INTO session_shop.{table} VALUES ('old')", epoch=EPOCH)
    await probe.write(SECRET)
    row = f"VALUES ('u', 'c', 'u', '3EB0', decode('{SECRET.hex()}', 'hex'))"
    shop.sql(f"INSERT INTO session_shop.whatsmeow_message_secrets {row}", epoch=EPOCH)
    assert await probe.settle(SECRET, identity.mark) == NeverSent()
    shop.sql(change.format(f"session_shop.{table}"), epoch=EPOCH)
    shop.sql(f"DELETE FROM session_shop.{table}", epoch=EPOCH)
    assert await probe.settle(SECRET, identity.mark) == MaybeSent(message_id="3EB0")


@pytest.mark.parametrize("table", ["sessions", "sender_keys", "message_secrets", "device"])
async def test_only_the_holder_of_the_lease_changes_what_a_send_needs(shop: Shop, table: str) -> None:
    await shop.paired()
    change = f"DELETE FROM session_shop.whatsmeow_{table}"
    for epoch in (None, EPOCH - 1, EPOCH + 1):
        with pytest.raises(psycopg.Error, match=FENCED):
            shop.sql(change, epoch)
    shop.sql(change, EPOCH)
    shop.sql("UPDATE leases SET expires_at = clock_timestamp() - interval '1 ms'")
    with pytest.raises(psycopg.Error, match=FENCED):
        shop.sql(change, EPOCH)


async def test_a_lease_that_ends_within_a_transaction_ends_what_it_may_do(shop: Shop) -> None:
    await shop.paired()
    with psycopg.connect(shop.url, options=f"-c waypost.epoch={EPOCH}") as connection:
        connection.execute("INSERT INTO session_shop.whatsmeow_sessions VALUES ('a')")
        shop.sql("UPDATE leases SET epoch = epoch + 1")
        with pytest.raises(psycopg.Error, match=FENCED):
            connection.execute("INSERT INTO session_shop.whatsmeow_sessions VALUES ('b')")
    assert shop.sql("SELECT * FROM session_shop.whatsmeow_sessions") == []


async def test_a_table_that_an_upgrade_of_the_library_made_anew_is_fenced_when_it_is_next_opened(
    shop: Shop,
) -> None:
    await shop.paired()
    shop.sql("DROP TABLE session_shop.whatsmeow_sessions")
    shop.sql("CREATE TABLE session_shop.whatsmeow_sessions (our_jid text)")
    shop.sql("DELETE FROM session_shop.whatsmeow_sessions")
    await shop.store.probe().identity()
    with pytest.raises(psycopg.Error, match=FENCED):
        shop.sql("DELETE FROM session_shop.whatsmeow_sessions")


async def test_pairing_anew_replaces_the_store_and_removes_what_was_left(shop: Shop) -> None:
    await shop.paired("one")
    first = await shop.store.probe().identity()
    await shop.store.new_pairing("left")
    await shop.paired("two")
    second = await shop.store.probe().identity()
    assert first is not None
    assert second is not None
    assert first.mark.generation != second.mark.generation
    schemas = shop.sql("SELECT nspname FROM pg_namespace WHERE nspname ~ '^(session|pairing)_'")
    assert schemas == [("session_shop",)]
    await shop.store.discard()
    assert not await shop.store.exists()
    with pytest.raises(EngineError) as caught:
        await shop.store.probe().write(SECRET)
    assert caught.value.fault is STORE_NOT_WRITABLE


async def test_without_the_lease_nothing_is_made_adopted_or_deleted(shop: Shop) -> None:
    await shop.paired()
    store, pairing = shop.store, await shop.store.new_pairing("next")
    shop.sql("UPDATE leases SET epoch = epoch + 1")
    for attempt in (
        lambda: store.new_pairing("late"),
        lambda: store.adopt(pairing),
        store.discard,
        store.discard_pairings,
    ):
        with pytest.raises(EngineError) as caught:
            await attempt()
        assert caught.value.fault is NOT_CONNECTED
    assert store.held
    shop.epochs["shop"] = EPOCH + 1
    assert not store.held
    assert shop.store.held


async def test_old_probe_rows_are_cleared_away(shop: Shop) -> None:
    await shop.paired()
    probe = shop.store.probe()
    await probe.write(SECRET)
    shop.sql("ALTER TABLE session_shop.waypost_probe ALTER number RESTART WITH 29999")
    await probe.write(SECRET)
    await probe.write(SECRET)
    assert shop.sql("SELECT number FROM session_shop.waypost_probe ORDER BY 1") == [(29999,), (30000,)]


async def test_an_id_that_would_not_fit_the_name_of_a_schema_is_refused(shop: Shop) -> None:
    shop.epochs["x" * 60] = 1
    with pytest.raises(ValueError, match="too long"):
        shop.stores.of("x" * 60)


async def test_sessions_of_instances_that_are_gone_are_swept_and_no_others(shop: Shop) -> None:
    await shop.paired()
    await shop.store.new_pairing("more")
    shop.sql('CREATE SCHEMA "session_stranger"; CREATE SCHEMA "pairing_stranger_x"')
    async with connected(Target(shop.url), writers=1, readers=1) as database:
        sweeping = DesertedSessions(database, make_log("error", "text"))
        assert await sweeping.sweep() == 0
        shop.sql("DELETE FROM instances")
        assert await sweeping.sweep() == 2
        assert await sweeping.sweep() == 0
    left = shop.sql("SELECT nspname FROM pg_namespace WHERE nspname ~ '^(session|pairing)_' ORDER BY 1")
    assert left == [("pairing_stranger_x",), ("session_stranger",)]
