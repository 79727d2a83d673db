from waypost.engine.groups import GroupAnswer, GroupInfo, GroupMember, GroupOrder
from waypost.errors import RATE_LIMITED, EngineError
from waypost.instances.group_sizes import GroupSizes
from waypost.testing.clock import FakeClock

GROUP = "1@g.us"


class Session:
    """Answers what it is told to, and counts how often it was asked."""

    def __init__(self) -> None:
        self.answers = False
        self.asked = 0

    async def group(self, order: GroupOrder) -> GroupAnswer:
        self.asked += 1
        if not self.answers:
            raise EngineError(RATE_LIMITED)
        members = [GroupMember(jid=f"{number}@lid", role="member") for number in range(3)]
        return GroupAnswer(groups=[GroupInfo(jid=GROUP, subject="", members=members)])


async def test_a_server_that_does_not_answer_is_not_asked_with_every_message() -> None:
    clock, session = FakeClock(), Session()
    sizes = GroupSizes(clock)
    for _ in range(3):
        assert await sizes.others("shop", session, GROUP) is None  # type: ignore[arg-type]
    assert session.asked == 1
    session.answers = True
    clock.advance(61)
    for _ in range(3):
        assert await sizes.others("shop", session, GROUP) == 2  # type: ignore[arg-type]
    assert session.asked == 2
