"""For every test: an environment that no shell can change; at the end, the seconds of each test folder."""

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import Scheduling

    from waypost.testing.postgres import PostgresServer

# Machines that run tests are shared: an example that is slow today is no failure.
settings.register_profile("gate", deadline=None, derandomize=True)
# As many as `make fuzz` has seconds for.
_FUZZ_EXAMPLES = min(5000, max(100, 8 * int(os.environ.get("FUZZ_SECONDS", "600"))))
settings.register_profile("fuzz", deadline=None, max_examples=_FUZZ_EXAMPLES)
settings.load_profile("gate")

_SECONDS: dict[str, float] = defaultdict(float)
_TESTS: dict[str, int] = defaultdict(int)
# Lines that begin so are told at the end too: what a test with faults has counted, whoever ran it.
_COUNTED = ("chaos: ", "malformed clients, ", "hostile audio, ")
_COUNTS: list[str] = []


def pytest_configure(config: pytest.Config) -> None:
    """A developer's settings and proxies have no say in a test."""
    for name in list(os.environ):
        ours = name.startswith("WAYPOST_") and not name.startswith("WAYPOST_CHAOS_")
        if ours or name.lower() in ("http_proxy", "https_proxy", "all_proxy"):
            del os.environ[name]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Most tests wait, for processes and for time to pass: one worker more than there are cores."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "Scheduling | None":
    """Files that share a stage stay together."""
    from tests.order import ByStage

    return ByStage(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def postgres_server() -> Iterator["PostgresServer"]:
    """A server for all tests that do not stop it."""
    from waypost.testing.postgres import running_server

    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_database(postgres_server: "PostgresServer") -> str:
    """A database on the newest schema."""
    from waypost.storage.postgres.migrate import migrate
    from waypost.storage.postgres.target import Target

    name = postgres_server.create()
    migrate(Target(postgres_server.url(name)))
    return name


@pytest.fixture
def postgres_url(postgres_server: "PostgresServer", postgres_database: str) -> Iterator[str]:
    """A database on the newest schema without a row, for one test."""
    yield postgres_server.url(postgres_database)
    postgres_server.empty(postgres_database)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    folder = Path(report.nodeid.split("::", 1)[0]).parent.as_posix()
    _SECONDS[folder] += report.duration
    _TESTS[folder] += report.when == "call"
    if report.when == "teardown":
        _COUNTS.extend(line for line in report.capstdout.splitlines() if line.startswith(_COUNTED))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _SECONDS:
        return
    if _COUNTS:
        terminalreporter.section("what was counted")
    for line in _COUNTS:
        terminalreporter.write_line(line)
    terminalreporter.section("seconds of each test folder")
    for folder in sorted(_SECONDS):
        terminalreporter.write_line(f"{_SECONDS[folder]:8.1f} s  {_TESTS[folder]:5d} tests  {folder}")
    terminalreporter.write_line(f"{sum(_SECONDS.values()):8.1f} s  {sum(_TESTS.values()):5d} tests  together")
