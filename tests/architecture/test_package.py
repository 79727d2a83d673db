"""What a release says of itself, in the places that say it."""

import re
import tomllib
from pathlib import Path

import waypost

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()


def test_the_version_is_said_in_one_place() -> None:
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert (ROOT / PROJECT["tool"]["hatch"]["version"]["path"]).samefile(waypost.__file__)
    assert re.fullmatch(r"\d+\.\d+\.\d+", waypost.__version__)


def test_the_changelog_leads_to_the_version() -> None:
    headings = re.findall(r"^## \[([^\]]+)\](?: - (\d{4}-\d{2}-\d{2}))?$", CHANGELOG, re.MULTILINE)
    assert len(headings) == CHANGELOG.count("\n## ")
    assert headings[0] == ("Unreleased", "")
    released = [version for version, date in headings[1:]]
    assert all(date for _, date in headings[1:])
    # Before the first release the version is the one that comes.
    assert released[:1] in ([], [waypost.__version__])


def test_the_menu_names_pages_that_are_there() -> None:
    text = (ROOT / "zensical.toml").read_text()
    named = set(re.findall(r'"([\w-]+\.md)"', text)) - {"index.md", "changelog.md"}
    assert named <= {page.name for page in (ROOT / "docs").glob("*.md")}
    assert len(named) > 20


def test_dependencies_are_ranges_except_for_the_engine() -> None:
    exact = [one for one in PROJECT["project"]["dependencies"] if "==" in one]
    assert [one.partition("==")[0] for one in exact] == ["neonize"]
