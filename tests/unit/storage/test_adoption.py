from waypost.nodes.lease import Tenure
from waypost.outbox.request import Acceptance
from waypost.outbox.store import NewRequest
from waypost.storage.outbox import SqlOutboxStore
from waypost.storage.postgres.database import connected
from waypost.storage.postgres.target import Target

TENURE = Tenure("instance", 3)


async def test_a_holder_that_never_learned_of_its_commit_adopts_what_it_accepted(postgres_url: str) -> None:
    async with connected(Target(postgres_url), 1, 1) as database:
        store = SqlOutboxStore(database)
        new = NewRequest(
            acceptance=Acceptance(
                instance_id="instance",
                operation="send-voice",
                chat_key="49",
                request=b"{}",
                payload=b"p",
                payload_version=1,
            ),
            epoch=TENURE.epoch,
            uuid="u1",
            created_at=0.0,
            expires_at=100.0,
            duplicates_since=0.0,
        )
        stored = await store.accept(new)
        assert await store.adopt([TENURE]) == {"instance": stored.seq}
        (one,) = await store.upcoming(TENURE, 0, [], 9)
        assert one.request == new.queued(stored.seq)
