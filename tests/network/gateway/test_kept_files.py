from pathlib import Path

import pytest

from waypost.errors import QUEUE_FULL, STORAGE_UNAVAILABLE, OutboxError, StorageError, WaypostError
from waypost.outbox.outbox import Outbox
from waypost.testing.gateway_stage import CONTACT, Stage

pytestmark = pytest.mark.asyncio(loop_scope="package")


@pytest.mark.parametrize(
    ("error", "kept"), [(StorageError(STORAGE_UNAVAILABLE), 1), (OutboxError(QUEUE_FULL), 0)]
)
async def test_a_file_stays_when_nobody_knows_whether_its_request_was_stored(
    stage: Stage, stage_folder: Path, monkeypatch: pytest.MonkeyPatch, error: WaypostError, kept: int
) -> None:
    """A COMMIT whose answer was lost: the caller gets 503, and the request may be there, with its file."""

    async def refuse(*_: object) -> None:
        raise error

    def files() -> set[Path]:
        return {path for path in (stage_folder / "gateway" / "blobs").rglob("*") if path.is_file()}

    before = files()
    monkeypatch.setattr(Outbox, "accept", refuse)
    shop = stage.instance
    answer = await stage.http.post(
        f"{shop.base}/send-voice",
        headers=shop.headers,
        data={"chatId": f"{CONTACT}@c.us"},
        files={"file": ("long.mp3", bytes(500_000))},
    )
    assert answer.status_code == 503, answer.text
    assert len(files() - before) == kept
