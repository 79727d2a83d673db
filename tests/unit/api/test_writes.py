"""What a call that is queued is answered."""

from pathlib import Path
from typing import Any, cast

from litestar import Request as HttpRequest

from waypost.access.token import Token
from waypost.api.body import BodyReader
from waypost.api.endpoint import Call
from waypost.api.links import PublicAddress
from waypost.api.writes import Envelope, Writes
from waypost.errors import STORAGE_UNAVAILABLE, StorageError
from waypost.instances.instance import Instance
from waypost.media.blobs import LocalBlobs
from waypost.operations.messages.delete_message import DELETE_MESSAGE
from waypost.outbox.outbox import Outbox
from waypost.outbox.request import Acceptance, Accepted

INSTANCE = Instance(id="shop", name="shop", phone="12132132131", network="sandbox", created_at=0.0)
TOKEN = Token(number=1, secret_sha256=b"", scopes=("send",), created_at=0.0, instance_id="shop")


class OutboxWithoutItsDatabase:
    """Takes a request, and can't look at it afterwards."""

    async def accept(self, acceptance: Acceptance) -> Accepted:
        return Accepted(uuid="0197", duplicate=False)

    async def wait(self, instance_id: str, uuid: str, seconds: float) -> None:
        raise StorageError(STORAGE_UNAVAILABLE)


def call(query: bytes, headers: dict[str, str]) -> Call:
    """One whose fields are in its query."""
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope: Any = {"type": "http", "scheme": "http", "path": "/", "query_string": query, "headers": raw}
    return Call(http=HttpRequest(scope), token=TOKEN, instance=INSTANCE)


async def test_a_call_that_was_accepted_is_never_answered_as_one_that_was_not(tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path)
    outbox, address = OutboxWithoutItsDatabase(), PublicAddress("http://w.test", [], "w.test:80")
    writes = Writes(cast("Outbox", outbox), BodyReader(blobs, 1000, 100, 5.0), address, 60.0)
    (endpoint,) = writes.endpoints([DELETE_MESSAGE])
    query = b"chatId=12132132132&messageId=3EB0C767D26A8A9B"
    reply = await endpoint.answer(call(query, {"Prefer": "wait=5"}))
    blobs.close()
    assert reply.status == 200
    assert isinstance(reply.body, Envelope)
    assert reply.body.queued_request_uuid == "0197"
