from collections.abc import Iterable

from waypost.nodes.lease import Tenure


class Holdings:
    """Which instances this process sends for, and under which epoch."""

    def __init__(self) -> None:
        self._epochs: dict[str, int] = {}
        self._of_all = 0

    def hold_all(self, epoch: int) -> None:
        """This process is alone on its database: every instance is its own. With 0 it is not alone."""
        self._of_all = epoch

    @property
    def alone(self) -> bool:
        """Whether no other process can hold anything."""
        return self._of_all > 0

    def epoch(self, instance_id: str) -> int:
        """The epoch under which the instance is held, 0 when it is not."""
        return self._epochs.get(instance_id, self._of_all)

    def tenures(self, instance_ids: Iterable[str] | None = None) -> list[Tenure]:
        """Those of the instances that are held; of all that were gained unless some are named."""
        wanted = self._epochs if instance_ids is None else instance_ids
        return [Tenure(one, epoch) for one in wanted if (epoch := self.epoch(one))]

    def gain(self, tenures: Iterable[Tenure]) -> None:
        """Begin to hold."""
        self._epochs.update({one.instance_id: one.epoch for one in tenures})

    def lose(self, instance_id: str) -> None:
        """Hold no more."""
        self._epochs.pop(instance_id, None)
