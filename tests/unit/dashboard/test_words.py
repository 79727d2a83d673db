import pytest

from waypost.dashboard.words import LOOKS, STATES, ago, bytes_of, ticks, waiting
from waypost.instances.state import InstanceState
from waypost.outbox.failures import _OF_PACING
from waypost.outbox.request import RequestState


def test_every_state_has_words_and_a_look() -> None:
    assert set(STATES) == set(InstanceState)
    assert {state.value for state in InstanceState} | {state.value for state in RequestState} <= set(LOOKS)


@pytest.mark.parametrize(
    "code",
    [
        "connection",
        "pairing",
        "restriction",
        "client_outdated",
        "receipt",
        "recording",
        "typing",
        "retry",
        "older_request",
        *(fault.code for fault in _OF_PACING.values()),
    ],
)
def test_every_reason_to_wait_is_a_sentence(code: str) -> None:
    assert waiting(code).endswith(".")
    assert "It waits:" not in waiting(code)


def test_nothing_waits_without_a_reason() -> None:
    assert waiting(None) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "now"), (-30, "30 seconds ago"), (60, "in 1 minute"), (-7200, "2 hours ago"), (90_000, "in 1 day")],
)
def test_a_moment_is_told_as_people_say_it(seconds: float, words: str) -> None:
    assert ago(seconds) == words


def test_a_receipt_is_a_sign_and_a_word() -> None:
    assert ticks("PLAYED")[1] == "played"
    assert ticks(None) == ("", "")


@pytest.mark.parametrize(("count", "words"), [(12, "12 bytes"), (1500, "1.5 kB"), (2_340_000, "2.3 MB")])
def test_a_size_is_told_as_people_read_it(count: int, words: str) -> None:
    assert bytes_of(count) == words
