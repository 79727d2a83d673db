import pytest

from waypost.dashboard.progress import progress, version
from waypost.errors import OUTCOME_UNKNOWN
from waypost.outbox.request import Failure, MessageStatus, Request, RequestState


def request(
    state: RequestState,
    status: MessageStatus | None = None,
    failure: Failure | None = None,
    waiting_for: str | None = None,
    staged: bytes | None = None,
) -> Request:
    return Request(
        uuid="u",
        seq=1,
        instance_id="i",
        operation="send-voice",
        chat_key="447700900102@s.whatsapp.net",
        state=state,
        request=b"{}",
        payload=b"{}",
        payload_version=1,
        created_at=0.0,
        expires_at=1.0,
        staged=staged,
        message_status=status,
        failure=failure,
        waiting_for=waiting_for,
    )


SENT = RequestState.SENT
WAY: list[tuple[RequestState, MessageStatus | None, str]] = [
    (RequestState.QUEUED, None, "queued"),
    (RequestState.PREPARING, None, "preparing"),
    (RequestState.SENDING, None, "sending"),
    (SENT, "PENDING", "sent"),
    (SENT, "SENT", "sent"),
    (SENT, "DELIVERED", "delivered"),
    (SENT, "READ", "read"),
    (SENT, "PLAYED", "played"),
]


@pytest.mark.parametrize(("state", "status", "stage"), WAY)
def test_a_note_is_shown_where_it_is_on_its_way(
    state: RequestState, status: MessageStatus | None, stage: str
) -> None:
    shown = progress(request(state, status), sound=True)
    assert shown.stage == stage
    marks = {one.name: one.mark for one in shown.stages}
    names = list(marks)
    assert all(marks[name] == "done" for name in names[: names.index(stage)])
    assert all(marks[name] == "ahead" for name in names[names.index(stage) + 1 :])
    assert shown.over is (stage == "played")
    assert not shown.retry


def test_a_text_is_over_when_it_was_read() -> None:
    shown = progress(request(SENT, "READ"), sound=False)
    assert (shown.over, [one.name for one in shown.stages][-1]) == (True, "read")


def test_what_failed_says_why_and_can_be_tried_again() -> None:
    failure = Failure(code="not_audio", message="The file is not audio.", retryable=False)
    shown = progress(request(RequestState.FAILED, failure=failure), sound=True)
    assert (shown.failed, shown.retry, shown.risky, shown.why) == (
        True,
        True,
        False,
        "The file is not audio.",
    )
    assert [one.mark for one in shown.stages][:3] == ["done", "failed", "ahead"]


def test_what_may_have_arrived_is_not_sent_again_without_a_word() -> None:
    failure = Failure(code=OUTCOME_UNKNOWN.code, message="Nobody knows.", retryable=False)
    assert progress(request(RequestState.FAILED, failure=failure, staged=b"{}"), sound=True).risky


def test_what_the_recipient_could_not_read_has_failed() -> None:
    shown = progress(request(SENT, "ERROR"), sound=True)
    assert (shown.failed, shown.retry, shown.stage) == (True, False, "sent")


def test_another_reason_to_wait_is_something_new_to_show() -> None:
    plain, waits = (
        progress(request(RequestState.QUEUED, waiting_for=why), sound=True) for why in (None, "connection")
    )
    assert version(plain) != version(waits)
    assert waits.why
