from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from waypost.instances.neighbours import Neighbours
from waypost.instances.register import Register
from waypost.outbox.outbox import Outbox
from waypost.watching import table
from waypost.watching.facts import Fact

# A series for each instance is worth it while a person can look at them.
_FEW: Final = 100


class InstanceFacts:
    """How the instances are that this node holds, and their requests in memory."""

    def __init__(
        self,
        register: Register,
        holds: Callable[[str], bool],
        outbox: Outbox,
        neighbours: Neighbours | None,
    ) -> None:
        """`neighbours` is None where no other node can hold anything."""
        self._register = register
        self._holds = holds
        self._outbox = outbox
        self._neighbours = neighbours

    async def look(self) -> Iterable[Fact]:
        """States of instances."""
        held = [one.id for one in self._register.all() if self._holds(one.id)]
        conditions = {one: self._register.condition(one) for one in held}
        by_state = Counter((one.state.value, one.reason) for one in conditions.values())
        facts = [Fact(table.HELD, len(held))]
        facts += [Fact(table.INSTANCES, count, labels) for labels, count in by_state.items()]
        if len(held) <= _FEW:
            facts += [
                Fact(table.INSTANCE_WORKING, float(condition.state.value == "WORKING"), (one,))
                for one, condition in conditions.items()
            ]
        if self._neighbours is not None:
            facts.append(Fact(table.IN_TOUCH, float(self._neighbours.in_touch)))
            epochs = {one: self._neighbours.epoch_of(one) for one in held} if len(held) <= _FEW else {}
            facts += [
                Fact(table.LEASE_EPOCH, epoch, (one,)) for one, epoch in epochs.items() if epoch is not None
            ]
        return facts

    async def lanes(self) -> Iterable[Fact]:
        """What is in memory of their queues."""
        figures = self._outbox.figures()
        phases = [Fact(table.IN_MEMORY, count, (name,)) for name, count in figures.phases.items()]
        return [
            Fact(table.LANES, figures.lanes),
            *phases,
            Fact(table.BREAKERS, figures.breakers),
            Fact(table.RESTRICTED, figures.restricted),
        ]
