"""In which order workers get files: those that share a stage one after the other, the longest first.

xdist goes by the number of tests. That ends a folder's stage (a gateway, a sandbox, a paired instance) after
nearly every file, to start it again for the next one, and leaves files of one long test to the end, when the
other workers have nothing to do.
"""

from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import Final

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

# Folders whose tests share what a package fixture starts, and about how many seconds each takes.
STAGES: Final[Mapping[str, int]] = {
    "tests/network/gateway": 150,
    "tests/network/nodes": 60,
    "tests/browser": 40,
    "tests/network/killed": 20,
}
# What takes longer than its number of tests says, in seconds.
LONG: Final[Mapping[str, int]] = {
    "tests/chaos/test_nodes.py": 40,
    "tests/chaos/test_kill.py": 30,
    "tests/chaos/test_webhooks.py": 15,
    "tests/chaos/test_unknown.py": 14,
    "tests/network/engine/test_slow_start.py": 25,
    "tests/network/engine/test_shared_store.py": 25,
    "tests/network/engine/test_crash.py": 20,
    "tests/network/engine/test_side_by_side.py": 15,
    "tests/network/test_sandbox_page.py": 14,
    "tests/network/test_examples.py": 14,
    "tests/fuzz/test_malformed_clients.py": 12,
    "tests/network/test_bad_input.py": 12,
    "tests/network/test_any_call.py": 10,
}
_SECONDS_PER_TEST: Final = 0.1


def next_file(waiting: Mapping[str, int], last: str | None, theirs: Collection[str]) -> str:
    """The file for a worker, out of those that wait with their numbers of tests. `last` is the file that it
    had before, `theirs` are those that the others had.

    It stays on its stage while there are files of it; then it takes up what is longest, and joins others on
    their stages when there is nothing else.
    """
    own, others = _folder(last), {_folder(one) for one in theirs} & STAGES.keys()
    if own in STAGES and (here := [one for one in waiting if _folder(one) == own]):
        return max(here, key=lambda one: _seconds(one, waiting))
    free = [one for one in waiting if _folder(one) not in others] or list(waiting)
    return max(free, key=lambda one: (STAGES.get(_folder(one), 0), _seconds(one, waiting)))


def _folder(file: str | None) -> str:
    return "" if file is None else PurePosixPath(file).parent.as_posix()


def _seconds(file: str, waiting: Mapping[str, int]) -> float:
    return LONG.get(file, _SECONDS_PER_TEST * waiting[file])


class ByStage(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Hands out whole files, as `next_file` says."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        self._had: dict[WorkerController, str] = {}

    def remove_node(self, node: WorkerController) -> str | None:
        self._had.pop(node, None)
        crashed: str | None = super().remove_node(node)
        return crashed

    def _assign_work_unit(self, node: WorkerController) -> None:
        waiting = {file: len(tests) for file, tests in self.workqueue.items()}
        theirs = [file for other, file in self._had.items() if other is not node]
        file = next_file(waiting, self._had.get(node), theirs)
        self._had[node] = file
        self.workqueue.move_to_end(file, last=False)
        super()._assign_work_unit(node)
