"""The documents that people read, and the commands and code in them."""

import ast
import itertools
import re
import shlex
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_ASSIGNMENT = re.compile(r"[A-Z_]+=.*")
# What follows is the shell's.
_SHELL = frozenset({"&", "&&", "|", ">", ";"})


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of that language, in order."""
    return [code for found, code in _BLOCK.findall(page.read_text()) if found == language]


async def run_code(code: str, names: dict[str, Any]) -> dict[str, Any]:
    """Run Python that awaits at its top level; its names afterwards."""
    waiting: Awaitable[None] = eval(compile(code, "page", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
    await waiting
    return names


def calls(page: Path) -> Iterator[list[str]]:
    """The words of each call of `waypost` or `make`, in blocks and in running text, without variables."""
    text = page.read_text()
    lines = [line for code in blocks(page, "sh") for line in code.replace("\\\n", " ").splitlines()]
    for line in [*lines, *_INLINE.findall(_BLOCK.sub("", text))]:
        words = _words(line)
        if words and words[0] in ("waypost", ".venv/bin/waypost", "make"):
            yield [words[0].removeprefix(".venv/bin/"), *words[1:]]


def _words(line: str) -> list[str]:
    try:
        words = shlex.split(line, comments=True)
    except ValueError:  # an apostrophe in running text
        return []
    while words and _ASSIGNMENT.fullmatch(words[0]):
        words.pop(0)
    return list(itertools.takewhile(lambda word: word not in _SHELL, words))
