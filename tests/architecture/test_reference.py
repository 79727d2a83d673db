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
    pages = {f"docs/{name}": page() for name, page in module.PAGES.items()}
    return pages | {"README.md": module.readme()}


@pytest.mark.parametrize(
    "name", ["docs/errors.md", "docs/configuration.md", "docs/cli.md", "docs/observability.md", "README.md"]
)
def test_a_page_made_of_the_code_is_as_the_code_is(name: str) -> None:
    assert (ROOT / name).read_text() == _pages()[name], "run: python scripts/reference.py"
