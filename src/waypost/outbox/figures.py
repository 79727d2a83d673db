from collections import Counter
from collections.abc import Iterable

import msgspec

from waypost.outbox.entry import Phase
from waypost.outbox.lane import Lane
from waypost.outbox.pacer import Pacer


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How much an outbox has in memory: lanes, requests by the phase they are in (`to_prepare`, `sending`,
    …), instances with an open breaker, and with a restriction.
    """

    lanes: int
    phases: dict[str, int]
    breakers: int
    restricted: int


def figures(lanes: Iterable[Lane], pacer: Pacer) -> Figures:
    """Counted anew, in memory alone."""
    those = list(lanes)
    found = Counter(entry.phase for lane in those for entry in lane.entries())
    phases = {phase.name.lower(): found[phase] for phase in Phase if phase is not Phase.GONE}
    return Figures(lanes=len(those), phases=phases, breakers=pacer.breakers, restricted=pacer.restricted)
