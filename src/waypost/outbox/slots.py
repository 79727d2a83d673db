from collections import OrderedDict
from collections.abc import Callable


class Slots:
    """Places that lanes share. Who finds none is called when one is free, in turn, so that no lane
    starves.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: OrderedDict[str, Callable[[], None]] = OrderedDict()

    def take(self, name: str, call: Callable[[], None]) -> bool:
        """Take a place for `name`; without one `call` is called later, once, to try again."""
        if self._free:
            self._free -= 1
            return True
        self._waiting.setdefault(name, call)
        return False

    def give_back(self) -> None:
        """Free a place and call who has waited longest."""
        self._free += 1
        while self._free and self._waiting:
            _, call = self._waiting.popitem(last=False)
            call()
