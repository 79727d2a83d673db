"""Engine processes of an earlier gateway.

They end by themselves when their socket closes; this is for one that is stuck. It must be gone before its
store is opened, or before the store is asked what became of a send: it might still be sending.
"""

import contextlib
import os
import signal
import time
from typing import Final

from waypost.engine.store_folder import StoreFolder, recorded_owner

_GONE_WITHIN_S: Final = 5.0


def end_left_behind(folder: StoreFolder) -> None:
    """Kill the recorded owner of the store if that very process still lives, and wait until it is gone.
    Blocking."""
    owner = recorded_owner(folder)
    if owner is None or owner.pid == os.getpid():
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(owner.pid, signal.SIGKILL)
    deadline = time.monotonic() + _GONE_WITHIN_S
    while recorded_owner(folder) is not None and time.monotonic() < deadline:
        time.sleep(0.01)
