"""Habits that keep the house readable, each with its reason and its exceptions by name."""

import ast
import re
import subprocess
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from tests.architecture.source import PACKAGE, ROOT, functions, modules

MAX_LINES = 400
MAX_FUNCTION_LINES = 60

# Longer than the rule, with the reason.
LONG_FILES = {
    "src/waypost/errors.py": "one table: every way that a call or a request can fail",
    "src/waypost/client/calls.py": "made from the operations: a function per call",
    "src/waypost/client/shapes.py": "made from the operations: a class per shape",
}
LONG_FUNCTIONS = {
    "src/waypost/gateway.py:_furnish": "the composition root: one statement per part, in order",
}

# Names that say nothing about what is inside.
EMPTY_NAMES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "core",
    "manager",
    "service",
    "services",
    "common",
    "misc",
}

# Time and chance are arguments, so that tests can hold them still.
AMBIENT = re.compile(
    r"\btime\.time\(|\bdatetime\.now\(|\bdatetime\.utcnow\(|\bdate\.today\("
    r"|(?<![.\w])random\.(random|randint|choice|uniform|shuffle|randrange|sample|gauss)\("
)
MAY_LOOK_AT_THE_CLOCK = {"clock", "gateway", "cli", "testing", "__main__"}
# Programs of their own, started as processes: each is its own composition root.
OWN_PROGRAMS = ("waypost.engine.hosts.", "waypost.workers.worker")

MIGRATIONS = "waypost.storage.migrations.env"

MAY_PRINT = {"cli"}


def test_no_module_is_too_long_to_read() -> None:
    long = {
        module.shown: module.text.count("\n") for module in modules() if module.text.count("\n") > MAX_LINES
    }
    assert set(long) <= set(LONG_FILES), long


def test_no_function_is_too_long_to_read() -> None:
    long = {
        f"{module.shown}:{function.name}": _length(function)
        for module in modules()
        for function in functions(module)
        if _length(function) > MAX_FUNCTION_LINES
    }
    assert set(long) <= set(LONG_FUNCTIONS), long


def test_every_name_says_what_is_inside() -> None:
    wrong = {
        module.shown
        for module in modules()
        if EMPTY_NAMES & {part.strip("_") for part in module.path.relative_to(PACKAGE).with_suffix("").parts}
    }
    assert not wrong


def test_time_and_chance_are_arguments() -> None:
    wrong = [
        f"{module.shown}:{number} {line.strip()}"
        for module in modules()
        if module.room not in MAY_LOOK_AT_THE_CLOCK and not module.name.startswith(OWN_PROGRAMS)
        for number, line in enumerate(module.text.splitlines(), 1)
        if AMBIENT.search(line)
    ]
    assert not wrong, "\n".join(wrong)


def test_only_the_commands_print() -> None:
    wrong = [
        f"{module.shown}:{node.lineno}"
        for module in modules()
        if module.room not in MAY_PRINT and module.path.name != "__main__.py"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not wrong, "\n".join(wrong)


def test_no_shell_is_ever_started() -> None:
    wrong = [
        f"{module.shown}:{node.lineno}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and _starts_a_shell(node)
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_happens_at_import() -> None:
    """A module's own level defines; opening, connecting and starting belong into functions.

    Commands register themselves, and Alembic runs its environment by importing it.
    """
    wrong = [
        f"{module.shown}:{node.lineno} {ast.unparse(node)}"
        for module in modules()
        if module.path.name != "__main__.py" and module.room != "cli" and module.name != MIGRATIONS
        for node in module.tree.body
        if isinstance(node, ast.Expr | ast.For | ast.While | ast.With) and not _is_docstring(node)
    ]
    assert not wrong, "\n".join(wrong)


def tracked() -> list[Path]:
    """Every file that a clone holds; all files of its folders where there is no history."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode == 0:
        return [
            ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()
        ]
    folders = ("src", "tests", "bench", "scripts", "docs")
    return [path for each in folders for path in (ROOT / each).rglob("*") if path.suffix != ".pyc"]


@pytest.mark.parametrize("outside", ["/".join(["", "work", ""]), "/".join(["..", "shared"])])
def test_a_clone_stands_alone(outside: str) -> None:
    wrong = [
        path.relative_to(ROOT).as_posix()
        for path in tracked()
        if path.is_file() and outside.encode() in path.read_bytes()
    ]
    assert not wrong, f"These refer to {outside}, which a clone does not have: {wrong}"


def test_the_locks_name_no_host() -> None:
    for name in (path.name for path in ROOT.glob("requirements*.lock")):
        text = (ROOT / name).read_text()
        assert "://" not in text, f"{name} must work with any mirror."
        assert "--index-url" not in text


def test_every_dependency_says_what_it_is_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = [*project["project"]["dependencies"], *chain(*project["dependency-groups"].values())]
    page = (ROOT / "docs" / "dependencies.md").read_text().lower()
    names = {re.split(r"[<>=!;\[ ]", line, maxsplit=1)[0].lower() for line in declared}
    assert not {name for name in names if f"`{name}`" not in page}


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring and those of functions inside it."""
    first = function.body[0]
    docstring = first.end_lineno - first.lineno + 1 if _is_docstring(first) and first.end_lineno else 0
    return (function.end_lineno or function.lineno) - function.lineno + 1 - docstring


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _starts_a_shell(node: ast.Call) -> bool:
    shell = any(
        word.arg == "shell" and not (isinstance(word.value, ast.Constant) and word.value.value is False)
        for word in node.keywords
    )
    return shell or ast.unparse(node.func) in {
        "os.system",
        "os.popen",
        "asyncio.create_subprocess_shell",
        "subprocess.getoutput",
    }
