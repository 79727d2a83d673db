import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _pages() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "scripts" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {name: page() for name, page in module.PAGES.items()}


@pytest.mark.parametrize("name", ["errors.md", "configuration.md"])
def test_a_page_made_of_the_code_is_as_the_code_is(name: str) -> None:
    assert (ROOT / "docs" / name).read_text() == _pages()[name], "run: python scripts/reference.py"
