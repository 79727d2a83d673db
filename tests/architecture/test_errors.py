"""The table of errors is complete: no code twice, no row that nobody uses, no failure outside of it."""

import ast
import re
from http import HTTPStatus

from tests.architecture.source import Module, modules

from waypost import errors
from waypost.errors import TABLE, Fault, WaypostError

ROWS = {name: row for name, row in vars(errors).items() if isinstance(row, Fault)}
CLASSES = {
    name for name, item in vars(errors).items() if isinstance(item, type) and issubclass(item, WaypostError)
}
# These classes bring their own row.
WITH_A_ROW = {"InvalidRequest", "OutcomeUnknown"}


def test_every_code_belongs_to_one_row() -> None:
    assert len(TABLE) == len(ROWS)


def test_every_row_is_fit_to_be_shown() -> None:
    for name, row in ROWS.items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", row.code), name
        assert row.sentence.endswith("."), name
        assert row.sentence[0].isupper(), name
        assert "\n" not in row.sentence, name
        assert 400 <= HTTPStatus(row.status) < 600, name


def test_every_row_is_used() -> None:
    said = set().union(*map(_said, modules()))
    unused = [name for name, row in ROWS.items() if not said & {name, f'"{row.code}"'}]
    assert not unused, f"Nobody raises {sorted(unused)}."


def test_every_failure_is_raised_with_a_row() -> None:
    wrong = [
        f"{module.shown}:{call.lineno} {ast.unparse(call)}"
        for module in modules()
        for call in _raised(module)
        if _name(call.func) in CLASSES - WITH_A_ROW and not _is_row(call)
    ]
    assert not wrong, "\n".join(wrong)


def test_failures_of_the_house_are_declared_in_the_table_s_module() -> None:
    """A subclass elsewhere would need a rendering of its own; the sandbox renders its own."""
    wrong = [
        f"{module.shown}:{node.lineno} {node.name}"
        for module in modules()
        if module.name != "waypost.errors" and module.room != "sandbox"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and any(_name(base) in CLASSES for base in node.bases)
    ]
    assert not wrong, "\n".join(wrong)


def _raised(module: Module) -> list[ast.Call]:
    return [
        node.exc
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
    ]


def _is_row(call: ast.Call) -> bool:
    """Whether the first argument can be a row: a row's name, or an expression that ends in a fault."""
    if not call.args:
        return any(keyword.arg == "fault" for keyword in call.keywords)
    return not isinstance(call.args[0], ast.Constant | ast.JoinedStr)


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _said(module: Module) -> set[str]:
    """The words and quoted words of a module; of the table's own module the names that its classes use."""
    if module.name != "waypost.errors":
        return set(re.findall(r"\w+", module.text)) | set(re.findall(r'"\w+"', module.text))
    classes = [node for node in module.tree.body if isinstance(node, ast.ClassDef)]
    return {_name(node) for each in classes for node in ast.walk(each) if isinstance(node, ast.expr)}
