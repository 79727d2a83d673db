"""What the documents tell people to type is known to the program that they type it to."""

import re

import pytest
from tests.pages import PAGES, ROOT, calls
from typer import Context
from typer.core import TyperGroup
from typer.main import get_command

from waypost.cli.main import app

_TARGETS = re.compile(r"^([a-z]+):", re.MULTILINE)
_TESTS = re.compile(r"`(tests/[\w/.]+)`")
CALLS = [
    pytest.param(words, id=f"{page.name}: {' '.join(words)}"[:80]) for page in PAGES for words in calls(page)
]


def parse(words: list[str]) -> None:
    """Walk down to the command and let it read its options; raises what a person would see."""
    command = get_command(app)
    context = Context(command, info_name="waypost")
    words = [word for word in words if word != "--help"]
    while isinstance(command, TyperGroup) and words and not words[0].startswith("-"):
        name, found, words = command.resolve_command(context, words)
        assert found is not None
        command, context = found, Context(found, info_name=name, parent=context)
    _, left, _ = command.make_parser(context).parse_args(words)
    assert left == []


def make(words: list[str]) -> None:
    """Look the targets up; a variable has to be one that the Makefile uses."""
    makefile = (ROOT / "Makefile").read_text()
    for word in words:
        name, is_variable, _ = word.partition("=")
        known = f"$({name})" in makefile if is_variable else name in _TARGETS.findall(makefile)
        assert known, f"make knows no {name}"


@pytest.mark.parametrize("words", CALLS)
def test_a_call_in_a_document_is_known_to_the_command(words: list[str]) -> None:
    program, *rest = words
    (make if program == "make" else parse)(rest)


def test_the_tests_that_documents_name_are_there() -> None:
    named = {(page.name, found) for page in PAGES for found in _TESTS.findall(page.read_text())}
    assert ("operations.md", "tests/chaos/test_kill.py") in named
    assert [one for one in sorted(named) if not (ROOT / one[1]).exists()] == []


def test_the_calls_of_the_first_page_are_found() -> None:
    found = {" ".join(words[:3]) for words in calls(ROOT / "README.md")}
    assert {
        "make demo",
        "waypost instance create",
        "waypost voice convert",
        "waypost token reset-admin",
    } <= found


@pytest.mark.parametrize(
    "words", [["sandbox", "nothing"], ["sandbox", "serve", "--nothing"], ["token", "reset-admin", "more"]]
)
def test_a_call_that_is_unknown_would_be_noticed(words: list[str]) -> None:
    with pytest.raises(Exception, match=r"(?i)no such|left == \[\]|more"):
        parse(words)
