from waypost.dashboard.group_names import GroupNames
from waypost.engine.groups import GroupAnswer, GroupInfo, GroupOrder
from waypost.errors import NOT_CONNECTED, EngineError
from waypost.testing.clock import FakeClock

ONE, TWO = "1@g.us", "2@g.us"


class Session:
    """Tells its groups, or that it is not connected."""

    def __init__(self) -> None:
        self.names: dict[str, str] | None = {ONE: "Circle"}
        self.asked = 0

    async def groups(self, instance_id: str, order: GroupOrder) -> GroupAnswer:
        self.asked += 1
        if self.names is None:
            raise EngineError(NOT_CONNECTED)
        return GroupAnswer(groups=[GroupInfo(jid=jid, subject=name) for jid, name in self.names.items()])


async def test_groups_are_asked_for_once_until_one_is_missing_or_time_has_passed() -> None:
    session, clock = Session(), FakeClock()
    names = GroupNames(session, clock)
    for _ in range(2):
        assert await names.of("shop", [ONE]) == {ONE: "Circle"}
    assert (await names.of("shop", []), session.asked) == ({}, 1)
    session.names = {ONE: "Square", TWO: "New"}
    assert TWO not in await names.of("shop", [TWO])
    clock.advance(20)
    assert await names.of("shop", [TWO]) == session.names
    clock.advance(200)
    await names.of("shop", [ONE])
    assert session.asked == 2
    clock.advance(200)
    await names.of("shop", [ONE])
    assert session.asked == 3


async def test_what_was_known_stays_where_nobody_can_be_asked() -> None:
    session, clock = Session(), FakeClock()
    names = GroupNames(session, clock)
    await names.of("shop", [ONE])
    session.names = None
    clock.advance(1000)
    assert await names.of("shop", [ONE]) == {ONE: "Circle"}
    await names.of("shop", [ONE])
    assert session.asked == 2
