import random

import msgspec
import pytest

from waypost.outbox.pacing import DAY, Held, PacingRules, Tally, decide, share

NOW = 1_700_000_000.0
OFF = PacingRules(
    open_chats=False,
    gap_seconds=0.0,
    jitter=0.5,
    per_minute=0,
    per_day=0,
    first_contacts=0,
    warm_up_days=0,
    show_seconds=8.0,
    breaker_failures=5,
    breaker_seconds=600.0,
)


def rules(**changes: float) -> PacingRules:
    return msgspec.structs.replace(OFF, **changes)


def ago(*seconds: float) -> list[float]:
    return [NOW - one for one in sorted(seconds, reverse=True)]


@pytest.mark.parametrize(
    ("kept", "sends", "firsts", "first", "expected"),
    [
        ({}, [1.0] * 99, [1.0] * 99, True, None),
        ({"per_minute": 3}, [70, 50, 10], [], True, None),
        ({"per_minute": 3}, [50, 20, 10], [], True, Held("minute_cap", NOW + 10)),
        ({"per_minute": 3}, [50, 40, 20, 10], [], True, Held("minute_cap", NOW + 20)),
        ({"per_minute": 3}, [60.0, 20, 10], [], True, None),
        ({"per_day": 2}, [DAY + 1, 5], [], True, None),
        ({"per_day": 2}, [DAY - 100, 5], [], True, Held("daily_cap", NOW + 100)),
        ({"first_contacts": 1}, [], [DAY - 7], True, Held("first_contact", NOW + 7)),
        ({"first_contacts": 1}, [], [DAY - 7], False, None),
        # The rule that holds longest is told.
        ({"per_minute": 1, "per_day": 1}, [30], [], True, Held("daily_cap", NOW + DAY - 30)),
        ({"per_minute": 1, "first_contacts": 1}, [30], [DAY - 10], True, Held("minute_cap", NOW + 30)),
    ],
)
def test_a_message_is_held_by_the_counts_of_a_window(
    kept: dict[str, float], sends: list[float], firsts: list[float], first: bool, expected: Held | None
) -> None:
    tally = Tally(ago(*sends), ago(*firsts))
    assert decide(rules(**kept), tally, NOW, first=first) == expected


@pytest.mark.parametrize(
    ("days_old", "sent", "expected"),
    [
        (0.5, 9, None),
        (0.5, 10, Held("warm_up", NOW + 0.5 * DAY)),
        (1.5, 19, None),
        (1.5, 20, Held("warm_up", NOW + 0.5 * DAY)),
        (9.5, 99, None),
        (9.5, 100, Held("daily_cap", NOW + DAY - 5)),
        (400.0, 100, Held("daily_cap", NOW + DAY - 5)),
        # More than the whole cap was sent before this was set: it is the cap that holds.
        (0.5, 100, Held("daily_cap", NOW + DAY - 5)),
    ],
)
def test_a_young_instance_may_use_a_growing_share_of_its_day(
    days_old: float, sent: int, expected: Held | None
) -> None:
    young = rules(per_day=100, warm_up_days=10, born_at=NOW - days_old * DAY)
    assert decide(young, Tally(ago(*[5.0] * sent), []), NOW, first=True) == expected


def test_a_share_of_a_small_budget_is_at_least_one() -> None:
    young = rules(first_contacts=3, warm_up_days=10, born_at=NOW)
    assert decide(young, Tally([], []), NOW, first=True) is None
    assert decide(young, Tally([], ago(5.0)), NOW, first=True) == Held("warm_up", NOW + DAY - 5)
    assert share(young, NOW + 100 * DAY) == 1.0


def test_the_gap_after_a_grant_lies_within_its_jitter_and_differs() -> None:
    spaced, seen = rules(gap_seconds=4.0, jitter=0.5), set()
    for seed in range(30):
        tally = Tally([], [])
        tally.grant("u", spaced, NOW, None, random.Random(seed))
        held = decide(spaced, tally, NOW, first=True)
        assert held is not None
        assert held.code == "pacing"
        assert 2.0 <= held.until - NOW <= 6.0
        assert decide(spaced, tally, held.until, first=True) is None
        seen.add(held.until)
    assert len(seen) > 20


def test_a_grant_counts_until_it_is_returned_and_once_when_it_is_used() -> None:
    one = rules(per_minute=1, first_contacts=1)
    tally, rng = Tally([], []), random.Random(1)
    tally.grant("a", one, NOW, "chat", rng)
    assert tally.opens("chat")
    assert decide(one, tally, NOW + 1, first=True) == Held("first_contact", NOW + DAY)
    tally.returned("a")
    assert decide(one, tally, NOW + 1, first=True) is None
    assert (tally.sends, tally.firsts) == ([], [])
    tally.grant("b", one, NOW + 2, "chat", rng)
    tally.sent("b", NOW + 3)
    assert (tally.sends, tally.firsts) == ([NOW + 2], [NOW + 2])
    tally.returned("b")
    assert tally.sends == [NOW + 2]
    tally.sent("reply", NOW + 4)
    assert tally.sends == [NOW + 2, NOW + 4]


def test_the_breaker_opens_at_the_set_count_and_one_more_refusal_opens_it_again() -> None:
    strict = rules(breaker_failures=3, breaker_seconds=60.0)
    tally = Tally([], [])
    assert [tally.refused(strict, NOW) for _ in range(3)] == [False, False, True]
    assert decide(strict, tally, NOW + 59, first=False) == Held("breaker", NOW + 60)
    assert decide(strict, tally, NOW + 60, first=False) is None
    assert tally.refused(strict, NOW + 61)
    assert decide(strict, tally, NOW + 62, first=False) == Held("breaker", NOW + 121)
    tally.sent("u", NOW + 122)
    assert not tally.refused(strict, NOW + 123)


def test_what_no_rule_asks_about_is_forgotten_and_a_grant_is_not() -> None:
    tally = Tally(ago(3 * DAY, 2 * DAY, 5), ago(2 * DAY))
    tally.forget(NOW)
    assert (tally.sends, tally.firsts) == (ago(5), [])
    tally.grant("long", rules(), NOW, "chat", random.Random(1))
    tally.forget(NOW + 5 * DAY)
    tally.returned("long")
    assert tally.firsts == []
