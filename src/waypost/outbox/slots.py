from collections import Counter, OrderedDict
from collections.abc import Callable


class Slots:
    """Places that lanes share. Who finds none is called when there is one for it, in turn, so that no lane
    starves; and none takes all of them, so that what is slow of one keeps few others waiting.
    """

    def __init__(self, count: int, each: int) -> None:
        """`count` places, of which a lane has `each` at most."""
        self._free = count
        self._each = each
        self._taken: Counter[str] = Counter()
        self._waiting: OrderedDict[str, Callable[[], None]] = OrderedDict()

    def take(self, name: str, call: Callable[[], None]) -> bool:
        """Take a place for `name`; without one `call` is called later, once, to try again."""
        if self._has_one(name):
            self._free -= 1
            self._taken[name] += 1
            return True
        self._waiting.setdefault(name, call)
        return False

    def give_back(self, name: str) -> None:
        """Free a place of `name`, and call who has waited longest."""
        self._free += 1
        self._taken[name] -= 1
        if not self._taken[name]:
            del self._taken[name]
        for waiting in list(self._waiting):
            if not self._free:
                return
            if self._has_one(waiting):
                self._waiting.pop(waiting)()

    def _has_one(self, name: str) -> bool:
        return self._free > 0 and self._taken[name] < self._each
