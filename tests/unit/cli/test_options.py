"""What holds for every command, so that one that is learned helps with the next."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.core import TyperArgument, TyperGroup

from waypost.cli.main import COMMANDS, loaded

# They run until they are stopped, or talk to a person alone.
WITHOUT_JSON = {"demo", "serve", "mcp"}


def leaves(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(command, TyperGroup):
        for name, inner in command.commands.items():
            yield from leaves(inner, f"{path} {name}")
        if not command.invoke_without_command:
            return
    yield path, command


ALL = [pytest.param(path, one, id=path) for name in COMMANDS for path, one in leaves(loaded(name), name)]


@pytest.mark.parametrize(("path", "command"), ALL)
def test_a_command_says_what_it_and_its_options_are_for(path: str, command: Any) -> None:
    assert command.help
    context = typer.Context(command)
    for one in command.get_params(context):
        said = one.display_type_rich(ctx=context) or ""
        assert "<" not in said, f"{path} {one.opts}: {said} is Python's word for it"
        assert isinstance(one, TyperArgument) or one.help, f"{path} {one.opts}"


@pytest.mark.parametrize(("path", "command"), ALL)
def test_a_command_speaks_json(path: str, command: Any) -> None:
    options = {option for one in command.params for option in one.opts}
    assert ("--json" in options) is (path not in WITHOUT_JSON)
