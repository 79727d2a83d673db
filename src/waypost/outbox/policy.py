from collections.abc import Callable
from typing import Final, NamedTuple

from waypost.outbox.pacing import PacingRules


class Policy(NamedTuple):
    """What the operator has chosen, by instance: the rules of its pacing, and whether a send whose outcome
    stays unknown is made once more rather than ended.
    """

    pacing: Callable[[str], PacingRules | None] = lambda _: None
    resends: Callable[[str], bool] = lambda _: False


PLAIN: Final = Policy()
