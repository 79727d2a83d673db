from typing import Any

import pytest

from waypost.cli.tail_lines import happened, line

MESSAGE: dict[str, Any] = {
    "from": "447700900102@c.us",
    "to": "447700900101@c.us",
    "fromMe": False,
    "type": "text",
    "body": "two\nlines \x1b[2J",
}


@pytest.mark.parametrize(
    ("name", "payload", "said"),
    [
        ("message.any", MESSAGE, "← 447700900102@c.us  two lines [2J"),
        (
            "message.any",
            {**MESSAGE, "fromMe": True, "type": "voice", "body": ""},
            "→ 447700900101@c.us  [voice]",
        ),
        (
            "message.ack",
            {"id": "true_1@c.us_A", "to": "1@c.us", "ackName": "READ", "participant": None},
            "1@c.us  READ  true_1@c.us_A",
        ),
        (
            "queued_request.finished",
            {"uuid": "u", "endpoint": "send-text", "status": "failed", "error": {"message": "Why."}},
            "send-text failed: Why.  u",
        ),
        ("message.any", {"of": "another release"}, '{"of": "another release"}'),
        ("group.update", {"id": "1@g.us"}, '{"id": "1@g.us"}'),
    ],
)
def test_an_event_is_one_line_that_steers_no_terminal(name: str, payload: dict[str, Any], said: str) -> None:
    assert line(name, payload).removeprefix(name).strip() == said


def test_a_long_event_is_cut() -> None:
    assert len(line("message.any", {**MESSAGE, "body": "x" * 1000})) < 160


@pytest.mark.parametrize(
    ("payload", "at"),
    [
        ({"timestamp": 1_700_000_000}, 1_700_000_000.0),
        ({"finished_at": "2026-01-31T08:00:00Z"}, 1_769_846_400.0),
        ({"timestamp": "soon"}, None),
        ({"finished_at": "soon"}, None),
        ({"timestamp": 1_700_000_000_000}, None),
        ({}, None),
    ],
)
def test_an_event_is_told_at_the_time_when_it_happened(payload: dict[str, Any], at: float | None) -> None:
    assert happened(payload) == at
