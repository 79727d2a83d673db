"""Each operation is seen by other engines: one of the tests in `tests/interop` names it, or why none does."""

import ast
from pathlib import Path

from waypost.operations import WRITES

FOLDER = Path(__file__).parents[1] / "interop"
WITHOUT: dict[str, str] = {}
"""Operations that other engines can't see, and why."""


def named() -> set[str]:
    """Every text in the tests there."""
    return {
        node.value
        for path in FOLDER.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_operation_has_its_row_or_a_reason() -> None:
    assert {write.name for write in WRITES} - named() == set(WITHOUT)
