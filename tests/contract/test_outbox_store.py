"""What every OutboxStore keeps to; `stores` opens one, a second time on the same data, as often as asked."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest

from waypost.errors import BLOB_GONE, IDEMPOTENCY_MISMATCH, OutboxError
from waypost.instances.instance import Instance
from waypost.nodes.lease import Tenure
from waypost.outbox.request import Acceptance, Failure, Idempotency, Request, RequestState, Step, Upload
from waypost.outbox.store import Arrived, Ending, NewRequest, OutboxStore, Query, Sweep, Unfinished
from waypost.storage.database import Database
from waypost.storage.instances import SqlInstances
from waypost.storage.outbox import SqlOutboxStore
from waypost.storage.postgres.database import connected
from waypost.storage.postgres.target import Target
from waypost.storage.sqlite.database import opened
from waypost.testing.executor import Delivery
from waypost.testing.outbox_house import INSTANCE, Receipt

Open = Callable[[], Awaitable[OutboxStore]]

NOW = 1_700_000_000.0


@pytest.fixture
def instances() -> list[SqlInstances]:
    """The instances of each store that `stores` has opened."""
    return []


@pytest.fixture(params=["sqlite", "postgres"])
async def stores(
    request: pytest.FixtureRequest, tmp_path: Path, instances: list[SqlInstances]
) -> AsyncIterator[Open]:
    url: str | None = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    async with AsyncExitStack() as stack:

        async def open_store() -> OutboxStore:
            database: Database
            if url is None:
                database = await stack.enter_async_context(opened(tmp_path / "waypost.db"))
            else:
                database = await stack.enter_async_context(connected(Target(url), writers=2, readers=2))
            store = SqlOutboxStore(database)
            instances.append(SqlInstances(database))
            await store.begin()
            return store

        yield open_store


@pytest.fixture
async def store(stores: Open) -> OutboxStore:
    return await stores()


def new(
    uuid: str, chat: str = "49", key: str | None = None, upload: Upload | None = None, at: float = NOW
) -> NewRequest:
    return NewRequest(
        acceptance=Acceptance(
            instance_id=INSTANCE,
            operation="send-voice",
            chat_key=chat,
            request=b'{"chatId":"49"}',
            payload=b"{}",
            payload_version=1,
            upload=upload,
            idempotency=None if key is None else Idempotency(key=key, content_sha256="c"),
        ),
        epoch=0,
        uuid=uuid,
        created_at=at,
        expires_at=at + 100,
        duplicates_since=at - 50,
    )


async def accepted(store: OutboxStore, uuid: str = "u1", chat: str = "49") -> Request:
    await store.accept(new(uuid, chat))
    request = await store.get(INSTANCE, uuid)
    assert request is not None
    return request


def ending(
    state: RequestState = RequestState.SENT, at: float = NOW, failure: Failure | None = None
) -> Ending:
    return Ending(
        state=state,  # type: ignore[arg-type]
        status=201 if state is RequestState.SENT else 500,
        body=b'{"status":"PENDING"}',
        failure=failure,
        at=at,
        keep_blobs_until=at + 10,
    )


def step(state: str = "sending", message_id: str | None = None, attempt: int = 1) -> Step:
    return Step(
        number=0,
        name="note",
        state=state,  # type: ignore[arg-type]
        attempt=attempt,
        secret=bytes([attempt]) * 32,
        device_jid="1@s.whatsapp.net",
        generation="g",
        message_id=message_id,
        chat="49@s.whatsapp.net",
    )


def receipt(message_id: str, kind: str = "delivered") -> Receipt:
    return Receipt.of(Delivery(message_id, "u1", "note", "49", b""), kind)


async def state_of(store: OutboxStore, uuid: str = "u1") -> str:
    request = await store.get(INSTANCE, uuid)
    assert request is not None
    return request.state.value


async def test_a_request_goes_its_way_and_comes_back_as_it_was_stored(store: OutboxStore) -> None:
    request = await accepted(store)
    assert (request.state, request.created_at) == (RequestState.QUEUED, NOW)
    request = msgspec.structs.replace(request, prepared=b"p", chat_key="lid")
    assert await store.prepared(request)
    assert await store.staged(msgspec.structs.replace(request, staged=b"s"))
    assert await store.sending(request, [step()])
    shown = await store.get(INSTANCE, "u1")
    assert shown is not None
    assert (shown.state, shown.prepared, shown.staged, shown.chat_key) == ("sending", b"p", b"s", "lid")
    assert await store.ended(request, [step("sent", "ID")], ending())
    shown = await store.get(INSTANCE, "u1")
    assert shown is not None
    assert (shown.state, shown.response_status, shown.finished_at) == ("sent", 201, NOW)
    assert (shown.message_status, shown.response_body) == ("SENT", b'{"status":"SENT"}')


async def test_no_change_leads_out_of_an_end(store: OutboxStore) -> None:
    request = await accepted(store)
    assert await store.cancel(INSTANCE, "u1", ending(RequestState.CANCELLED))
    assert not await store.cancel(INSTANCE, "u1", ending(RequestState.CANCELLED, NOW + 1))
    assert not await store.prepared(request)
    assert not await store.staged(request)
    assert not await store.sending(request, [step()])
    assert not (await store.step_changed(request, step())).stored
    assert not await store.postponed(request, None)
    assert not await store.ended(request, [], ending(at=NOW + 1))
    assert await state_of(store) == "cancelled"


async def test_a_change_that_is_repeated_is_no_other_change(store: OutboxStore) -> None:
    request = await accepted(store)
    for _ in range(2):
        assert await store.prepared(request)
    for _ in range(2):
        assert await store.staged(request)
    for _ in range(2):
        assert await store.sending(request, [step()])
    for _ in range(2):
        assert await store.ended(request, [step("sent", "ID")], ending())


async def test_a_request_being_sent_is_not_cancelled(store: OutboxStore) -> None:
    request = await accepted(store)
    assert await store.prepared(request)
    assert await store.sending(request, [step()])
    assert not await store.cancel(INSTANCE, "u1", ending(RequestState.CANCELLED))
    assert await state_of(store) == "sending"


async def adopted(store: OutboxStore, epoch: int) -> Request:
    tenure = Tenure(INSTANCE, epoch)
    assert list(await store.adopt([tenure])) == [INSTANCE]
    (one,) = await store.upcoming(tenure, 0, [], 10)
    return one.request


async def test_every_beginning_has_the_same_secret(stores: Open) -> None:
    before, after = await stores(), await stores()
    secrets = {(await store.begin()).secret_key for store in (before, after)}
    assert len(secrets) == 1
    assert len(secrets.pop()) == 32


async def test_who_was_adopted_from_changes_nothing(stores: Open) -> None:
    before, after = await stores(), await stores()
    await accepted(before)
    old = await adopted(before, 7)
    assert await before.prepared(old)
    new = await adopted(after, 8)
    assert (new.uuid, new.state, new.epoch) == ("u1", "preparing", 8)
    assert not await before.staged(old)
    assert not await before.sending(old, [step()])
    assert not (await before.step_changed(old, step())).stored
    assert not await before.postponed(old, step())
    assert not await before.ended(old, [], ending())
    assert await after.adopt([Tenure(INSTANCE, 8)]) == {}
    assert await after.adopt([Tenure(INSTANCE, 7)]) == {}
    assert await after.staged(new)


async def test_only_instances_that_are_named_are_adopted(store: OutboxStore) -> None:
    await accepted(store)
    assert await store.adopt([Tenure("other", 9)]) == {}
    assert await store.adopt([]) == {}
    assert (await adopted(store, 9)).uuid == "u1"


async def test_what_was_accepted_under_another_name_of_its_chat_is_adopted_by_the_right_one(
    store: OutboxStore,
) -> None:
    await store.merge_chats(INSTANCE, "49", "lid")
    await accepted(store, "u1", "49")
    tenure = Tenure(INSTANCE, 3)
    await store.adopt([tenure])
    (one,) = await store.upcoming_of_chats(tenure, [("lid", 0)], 9)
    assert (one.request.uuid, one.request.chat_key) == ("u1", "lid")


async def test_adoption_tells_of_what_is_not_known_yet(store: OutboxStore) -> None:
    first, second, third = [await accepted(store, f"u{n}") for n in range(3)]
    assert await store.adopt([Tenure(INSTANCE, 3)], {first.seq, third.seq}) == {INSTANCE: second.seq}
    fourth = await accepted(store, "u4")
    assert await store.adopt([Tenure(INSTANCE, 3)], {fourth.seq}) == {}
    assert len(await store.upcoming(Tenure(INSTANCE, 3), 0, [], 9)) == 4


async def test_adoption_is_in_order_with_steps_and_leaves_out_what_is_finished(store: OutboxStore) -> None:
    request = await accepted(store)
    for uuid in ("u2", "u3"):
        await accepted(store, uuid)
    await store.cancel(INSTANCE, "u2", ending(RequestState.CANCELLED))
    await store.prepared(request)
    caption = msgspec.structs.replace(step("pending"), number=1, name="caption")
    await store.sending(request, [step("sent", "ID"), caption])
    assert await store.adopt([Tenure(INSTANCE, 5)]) == {INSTANCE: request.seq}
    one, last = await store.upcoming(Tenure(INSTANCE, 5), 0, [], 10)
    assert [(s.number, s.name, s.state, s.message_id) for s in one.steps] == [
        (0, "note", "sent", "ID"),
        (1, "caption", "pending", None),
    ]
    assert one.steps[0].secret == bytes([1]) * 32
    assert (last.request.uuid, last.steps) == ("u3", [])


async def test_anyone_cancels_and_retries_whoever_has_adopted_it(stores: Open) -> None:
    holder, other = await stores(), await stores()
    await accepted(holder)
    mine = await adopted(holder, 3)
    assert await other.cancel(INSTANCE, "u1", ending(RequestState.CANCELLED))
    assert not await holder.prepared(mine)
    again = await other.retry(INSTANCE, "u1", NOW + 500, 0)
    assert again is not None
    assert again.request.epoch == 0
    assert not await holder.prepared(mine)
    assert await holder.prepared(await adopted(holder, 3))


async def test_unfinished_requests_are_told_from_finished_and_unknown_ones(store: OutboxStore) -> None:
    for uuid in ("u1", "u2", "u3"):
        await accepted(store, uuid)
    await store.cancel(INSTANCE, "u2", ending(RequestState.CANCELLED))
    assert await store.finished(["u1", "u2", "gone"]) == {"u2", "gone"}
    assert await store.finished([]) == frozenset()
    assert await store.depths() == {INSTANCE: 2}


async def test_what_comes_next_is_read_in_parts_and_by_chat(store: OutboxStore) -> None:
    tenure = Tenure(INSTANCE, 3)
    requests = [await accepted(store, f"u{n}", chat) for n, chat in enumerate("abacab")]
    await store.adopt([tenure])
    await accepted(store, "unadopted", "a")

    def uuids(found: list[Unfinished]) -> list[str]:
        return [one.request.uuid for one in found]

    assert uuids(await store.upcoming(tenure, 0, [], 2)) == ["u0", "u1"]
    assert uuids(await store.upcoming(tenure, requests[2].seq, ["a"], 9)) == ["u3", "u5"]
    assert uuids(await store.upcoming(Tenure(INSTANCE, 4), 0, [], 9)) == []
    chats = [("b", 0), ("a", requests[1].seq), ("none", 0)]
    assert uuids(await store.upcoming_of_chats(tenure, chats, 1)) == ["u1", "u2"]
    assert uuids(await store.upcoming_of_chats(tenure, chats, 9)) == ["u1", "u5", "u2", "u4"]
    assert await store.upcoming_of_chats(tenure, [], 9) == []


async def test_what_is_overdue_is_told_to_its_holder_alone(store: OutboxStore) -> None:
    tenures = [Tenure(INSTANCE, 3), Tenure("other", 1)]
    for uuid in ("u1", "u2", "u3"):
        await accepted(store, uuid)
    await store.cancel(INSTANCE, "u2", ending(RequestState.CANCELLED))
    await store.adopt(tenures)
    assert await store.overdue(tenures, NOW + 99, 9) == []
    assert [one.request.uuid for one in await store.overdue(tenures, NOW + 100, 9)] == ["u1", "u3"]
    assert len(await store.overdue(tenures, NOW + 100, 1)) == 1
    assert await store.overdue([Tenure(INSTANCE, 2)], NOW + 100, 9) == []


async def test_a_key_finds_its_request_and_refuses_other_content(store: OutboxStore) -> None:
    await store.accept(new("u1", key="k"))
    assert (await store.accept(new("u2", key="k"))).duplicate_of == "u1"
    assert await store.get(INSTANCE, "u2") is None
    other = new("u3", key="k")
    other = msgspec.structs.replace(
        other,
        acceptance=msgspec.structs.replace(
            other.acceptance, idempotency=Idempotency(key="k", content_sha256="d")
        ),
    )
    with pytest.raises(OutboxError) as refused:
        await store.accept(other)
    assert refused.value.fault is IDEMPOTENCY_MISMATCH
    late = new("u4", key="k", at=NOW + 1000)
    assert (await store.accept(late)).duplicate_of == "u1"
    await store.cancel(INSTANCE, "u1", ending(RequestState.CANCELLED))
    assert (await store.accept(late)).duplicate_of is None


async def test_a_retry_gives_a_new_place_and_new_steps(store: OutboxStore) -> None:
    request = await accepted(store)
    other = await accepted(store, "u2")
    assert other.seq > request.seq
    assert await store.retry(INSTANCE, "u1", NOW + 500, 4) is None
    await store.prepared(request)
    await store.sending(request, [step("unknown", "ID", attempt=3)])
    failure = Failure(code="outcome_unknown", message="-", retryable=False)
    await store.ended(request, [], ending(RequestState.FAILED, failure=failure))
    again = await store.retry(INSTANCE, "u1", NOW + 500, 4)
    assert again is not None
    assert (again.request.state, again.request.expires_at) == ("queued", NOW + 500)
    assert again.request.seq > other.seq
    assert again.request.epoch == 4
    assert (again.request.failure, again.request.finished_at, again.request.prepared) == (None, None, None)
    (only,) = again.steps
    assert (only.state, only.attempt, only.message_id) == ("pending", 3, None)


async def test_a_retry_without_its_file_changes_nothing(store: OutboxStore) -> None:
    await store.accept(new("u1", upload=Upload(blob_id="b", size=1, sha256="-", inline=b"x")))
    await store.cancel(INSTANCE, "u1", ending(RequestState.CANCELLED))
    swept = await store.sweep(Sweep(now=NOW + 11, requests=NOW - 1, keys=NOW - 1, limit=10))
    assert swept.files == []
    with pytest.raises(OutboxError) as refused:
        await store.retry(INSTANCE, "u1", NOW + 500, 4)
    assert refused.value.fault is BLOB_GONE
    assert await state_of(store) == "cancelled"


async def test_a_sweep_names_files_to_delete_and_says_whether_there_is_more(store: OutboxStore) -> None:
    for n in range(3):
        await store.accept(new(f"u{n}", upload=Upload(blob_id=f"b{n}", size=1, sha256="-")))
    assert await store.blob_files() == {"b0", "b1", "b2"}
    for n in range(2):
        await store.cancel(INSTANCE, f"u{n}", ending(RequestState.CANCELLED))
    sweep = Sweep(now=NOW + 11, requests=NOW - 1, keys=NOW - 1, limit=1)
    first, second = await store.sweep(sweep), await store.sweep(sweep)
    assert sorted(first.files + second.files) == ["b0", "b1"]
    assert first.more
    assert not (await store.sweep(sweep)).more
    assert await store.blob_files() == {"b2"}


async def test_what_was_accepted_for_an_instance_while_it_was_deleted_is_ended(
    stores: Open, instances: list[SqlInstances]
) -> None:
    store = await stores()
    await instances[0].add(Instance(id=INSTANCE, name="shop", phone="49", network="sandbox", created_at=1.0))
    await accepted(store, "kept")
    cancelled = ending(
        RequestState.CANCELLED, failure=Failure(code="instance_deleted", message="", retryable=False)
    )
    assert await store.end_deserted(cancelled, 10) == 0
    await instances[0].delete(INSTANCE)
    await accepted(store, "late")
    assert await store.end_deserted(cancelled, 1) == 1
    assert await store.end_deserted(cancelled, 10) == 1
    assert [await state_of(store, uuid) for uuid in ("kept", "late")] == ["cancelled", "cancelled"]
    assert await store.depths() == {}


async def test_a_receipt_finds_its_step_before_and_after_the_id_is_known(store: OutboxStore) -> None:
    request = await accepted(store)
    await store.prepared(request)
    await store.sending(request, [step()])
    assert await store.receipts([receipt("EARLY")], NOW) == []
    told = await store.step_changed(request, step("unknown", "EARLY"))
    assert (told.stored, told.proven, told.status) == (True, True, "DELIVERED")
    told = await store.step_changed(request, step("unknown", "LATE"))
    assert (told.stored, told.proven) == (True, False)
    assert await store.receipts([receipt("LATE"), receipt("OTHER")], NOW) == [Arrived(INSTANCE, "u1")]
    await store.ended(request, [step("sent", "LATE")], ending())
    assert await store.receipts([receipt("LATE", "read")], NOW) == []
    shown = await store.get(INSTANCE, "u1")
    assert shown is not None
    assert shown.message_status == "READ"


async def test_unanswered_retries_are_given_up_in_portions(store: OutboxStore) -> None:
    await store.receipts([receipt(f"M{n}", "retry") for n in range(3)], NOW)
    assert await store.undecryptable(NOW, 2) == 0
    assert await store.undecryptable(NOW + 1, 2) == 2
    assert await store.undecryptable(NOW + 1, 2) == 1


async def test_a_merge_moves_unfinished_requests_and_keeps_the_name(store: OutboxStore) -> None:
    await accepted(store, "u1", chat="number")
    await accepted(store, "u2", chat="number")
    await store.cancel(INSTANCE, "u2", ending(RequestState.CANCELLED))
    await store.merge_chats(INSTANCE, "corrected", "number")
    await store.merge_chats(INSTANCE, "number", "lid")
    page = await store.page(Query(instance_id=INSTANCE))
    assert [(one.uuid, one.chat_key) for one in page.items] == [("u2", "number"), ("u1", "lid")]
    assert await store.aliases(["other"]) == []
    aliases = await store.aliases(["other", INSTANCE])
    assert {(one.alias, one.chat_key) for one in aliases} == {("corrected", "lid"), ("number", "lid")}


async def test_a_list_finds_a_chat_by_any_name_of_it(store: OutboxStore) -> None:
    await store.merge_chats(INSTANCE, "number", "lid")
    await accepted(store, "u1", chat="lid")
    await accepted(store, "u2", chat="other")
    for name in ("number", "lid"):
        page = await store.page(Query(instance_id=INSTANCE, chat_key=name, states=(RequestState.QUEUED,)))
        assert [one.uuid for one in page.items] == ["u1"]
    page = await store.page(Query(instance_id=INSTANCE, states=(RequestState.SENT, RequestState.FAILED)))
    assert page.items == []


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1; DROP TABLE requests"])
async def test_a_cursor_that_is_none_begins_at_the_newest(store: OutboxStore, cursor: str) -> None:
    await accepted(store)
    page = await store.page(Query(instance_id=INSTANCE, cursor=cursor))
    assert [one.uuid for one in page.items] == ["u1"]
