from pathlib import Path

import pytest

from waypost.testing.outbox_house import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "waypost.db")
