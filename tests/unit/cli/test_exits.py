"""Every way a command can end has a code, and none that nobody has written down."""

import pytest

from waypost.cli import exit_of, exits
from waypost.client import CallRefused, ClientError, NotFinished, RequestFailed, errors
from waypost.errors import INSTANCE_NOT_FOUND, SANDBOX_UNREACHABLE, SandboxError


def test_every_code_is_in_the_table_once() -> None:
    codes = [value for name, value in vars(exits).items() if name.isupper() and isinstance(value, int)]
    assert sorted(codes) == sorted(exits.TABLE)


def test_every_code_of_a_failure_has_its_word() -> None:
    assert {*exits.TABLE} - {*exits.WORDS} == {exits.DONE, exits.INTERRUPTED, exits.NOT_READ}


def test_every_error_of_the_client_has_its_code() -> None:
    kinds = {
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ClientError)
    }
    known = {kind for kind, _ in exit_of.OF_CLIENT}
    assert kinds - known == {ClientError, CallRefused}, "these two alone mean that something else failed"


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, 4), (403, 4), (404, 5), (422, 2), (413, 2), (429, 8), (503, 8), (500, 1), (501, 1), (405, 1)],
)
def test_an_answer_has_the_code_of_its_kind(status: int, code: int) -> None:
    assert exit_of.code_of(errors.refused(status, {"message": "No."}, None)) == code


def test_the_end_of_a_request_and_the_sandbox_have_theirs() -> None:
    assert exit_of.code_of(RequestFailed("u", "c", "m", False, {})) == 7
    assert exit_of.code_of(NotFinished("later")) == 6
    assert exit_of.code_of(SandboxError(SANDBOX_UNREACHABLE)) == 3
    assert exit_of.code_of(SandboxError(INSTANCE_NOT_FOUND)) == 5
