from pathlib import Path

import pytest

from waypost.testing.outbox_house import House


@pytest.fixture(params=[None, 8], ids=["roomy", "narrow"])
def house(tmp_path: Path, request: pytest.FixtureRequest) -> House:
    """All that is promised holds as well when most of the queue is not in memory."""
    return House(tmp_path / "waypost.db", window=request.param)
