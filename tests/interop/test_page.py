"""The program in docs/interop.md runs."""

from pathlib import Path

import pytest
from tests.pages import ROOT, blocks, run_code

from waypost.testing.processes import Pair

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_program_of_ones_own_plays_baileys(pair: Pair, tmp_path: Path) -> None:
    (code,) = blocks(ROOT / "docs" / "interop.md", "python")
    places = {
        "http://127.0.0.1:8790": pair.control_url,
        ".interop/baileys": str(ROOT / ".interop" / "baileys"),
        '"bea"': f'"{tmp_path}"',
    }
    for shown, here in places.items():
        assert shown in code
        code = code.replace(shown, here)
    names = await run_code(code, {})
    assert (names["got"].text, names["got"].id) == ("hello", names["sent"].id)
