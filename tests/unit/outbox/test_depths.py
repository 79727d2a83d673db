from waypost.outbox.depths import Depths


def test_a_place_is_taken_while_its_request_is_stored() -> None:
    depths = Depths()
    depths.comes("shop")
    assert (depths.of("shop"), depths.total) == (1, 1)
    depths.came("shop", stored=False)
    assert (depths.of("shop"), depths.total) == (0, 0)
    depths.comes("shop")
    depths.came("shop", stored=True)
    depths.ended("shop", 1.0)
    assert (depths.of("shop"), depths.total) == (0, 0)


def test_a_count_replaces_what_was_thought_and_keeps_what_is_on_its_way() -> None:
    depths = Depths()
    depths.comes("shop")
    depths.counted({"shop": 4, "bar": 2})
    assert (depths.of("shop"), depths.of("bar"), depths.total) == (5, 2, 7)
    depths.counted({})
    assert (depths.of("shop"), depths.total) == (1, 1)


def test_a_caller_is_told_to_come_back_when_a_twentieth_is_gone() -> None:
    depths = Depths()
    depths.counted({"shop": 400})
    assert depths.seconds_until_room("shop", 0.0) == 60
    for second in range(10):
        depths.ended("shop", float(second))
    assert depths.of("shop") == 390
    # One a second: 19.5 places.
    assert depths.seconds_until_room("shop", 10.0) == 20
    assert depths.seconds_until_room("shop", 100_000.0) == 3_600
    assert depths.seconds_until_room("other", 10.0) == 60
