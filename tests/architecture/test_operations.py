"""Each API operation is one file, and the list in `operations/__init__.py` names every one of them."""

import ast

import pytest
from tests.architecture.source import PACKAGE, modules

from waypost.operations import WRITES

FOLDER = PACKAGE / "operations"


def operation_files() -> set[str]:
    """Modules in the folders below operations/ (messages, groups, contacts, …)."""
    return {
        module.name
        for module in modules()
        if module.name.startswith("waypost.operations.")
        and module.path.parent != FOLDER
        and module.path.name != "__init__.py"
        and not module.path.name.startswith("_")
    }


def listed() -> set[str]:
    """Modules that the list imports."""
    root = next(module for module in modules() if module.name == "waypost.operations")
    return {imported for imported, _ in root.imports()}


def test_there_are_operations() -> None:
    assert "waypost.operations.messages.send_voice" in operation_files()


@pytest.mark.parametrize("name", sorted(operation_files()))
def test_an_operation_s_file_is_listed(name: str) -> None:
    assert name in listed(), f"{name} is not in operations/__init__.py: no route leads to it."


def test_every_listed_operation_is_called_differently() -> None:
    names = [(write.method, write.name) for write in WRITES]
    assert len(set(names)) == len(names)


def test_operations_do_not_import_each_other() -> None:
    """What two of them share lies beside their folders, so that each can be read and changed alone."""
    files = operation_files()
    wrong = {
        f"{module.name} imports {imported}"
        for module in modules()
        if module.name in files
        for imported, _ in module.imports()
        if imported in files
    }
    assert not wrong


def test_the_list_holds_nothing_but_the_list() -> None:
    root = next(module for module in modules() if module.name == "waypost.operations")
    assert not [node for node in root.tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
