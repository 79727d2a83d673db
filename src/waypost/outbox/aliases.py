from collections import defaultdict
from collections.abc import Iterable

from waypost.outbox.store import Alias


class Aliases:
    """The names of chats (numbers, corrected numbers) that are known to be another name of a
    canonical key.
    """

    def __init__(self) -> None:
        self._keys: defaultdict[str, dict[str, str]] = defaultdict(dict)

    def know(self, known: Iterable[Alias]) -> None:
        """Begin with these."""
        for alias in known:
            self._keys[alias.instance_id][alias.alias] = alias.chat_key

    def canonical(self, instance_id: str, key: str) -> str:
        """The key that requests of this chat are ordered by."""
        names = self._keys.get(instance_id)
        return key if names is None else names.get(key, key)

    def learn(self, instance_id: str, old: str, new: str) -> None:
        """`old` is another name of `new`, and so is whatever was a name of `old`."""
        names = self._keys[instance_id]
        names.update({alias: new for alias, key in names.items() if key == old})
        names[old] = new
        names.pop(new, None)

    def forget(self, instance_id: str) -> None:
        """The instance is gone."""
        self._keys.pop(instance_id, None)
