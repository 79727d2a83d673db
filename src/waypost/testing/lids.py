from collections.abc import Sequence

from waypost.address import Jid
from waypost.instances.lids import Pair


class KeptLids:
    """Implements `instances.lids.LidStore` in a dictionary; `looks` counts the questions."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[str, Jid], Jid] = {}
        self.looks = 0

    async def put(self, instance_id: str, pairs: Sequence[Pair]) -> None:
        """Keep pairs in the place of what was known of their LIDs and numbers."""
        for pair in pairs:
            for key, number in list(self.numbers.items()):
                if key[0] == instance_id and number == pair.number:
                    del self.numbers[key]
            self.numbers[instance_id, pair.lid] = pair.number

    async def number(self, instance_id: str, lid: Jid) -> Jid | None:
        """The number behind a LID."""
        self.looks += 1
        return self.numbers.get((instance_id, lid))

    async def lid(self, instance_id: str, number: Jid) -> Jid | None:
        """The LID of a number."""
        self.looks += 1
        known = self.numbers.items()
        return next((lid for (of, lid), one in known if (of, one) == (instance_id, number)), None)
