"""The pages of the site: docs/ as it is, the README as the first page, and the files that they link to."""

import json
import re
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]

_LINK = re.compile(r"(\]\()([^)#\s]+)((?:#[^)\s]*)?\))")
_FILE = "file-"
_LANGUAGES = {".py": "python", ".sh": "sh", ".yml": "yaml", ".toml": "toml"}


def assemble(folder: Path) -> None:
    """Make `folder` anew: what the generator reads."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "docs", folder)
    readme = (
        (ROOT / "README.md").read_text().replace("](docs/", "](").replace("](CHANGELOG.md", "](changelog.md")
    )
    (folder / "index.md").write_text(readme)
    (folder / "changelog.md").write_text((ROOT / "CHANGELOG.md").read_text().replace("](docs/", "]("))
    for page in sorted(folder.glob("*.md")):
        page.write_text(_LINK.sub(lambda found: _within(found, folder), page.read_text()))


def unlisted(folder: Path) -> list[str]:
    """Pages that no menu leads to; those that show a file are reached by who links to it."""
    menu = (ROOT / "zensical.toml").read_text()
    names = sorted(page.name for page in folder.glob("*.md") if not page.name.startswith(_FILE))
    return [name for name in names if json.dumps(name) not in menu]


def _within(found: re.Match[str], folder: Path) -> str:
    """A link to a file beside docs/ leads to a page that shows it."""
    target = found[2]
    if not target.startswith("../"):
        return found[0]
    source = ROOT / "docs" / target
    if source.resolve() == ROOT / "README.md":
        return f"{found[1]}index.md{found[3]}"
    if source.resolve() == ROOT / "CHANGELOG.md":
        return f"{found[1]}changelog.md{found[3]}"
    if not source.is_file():
        return found[0]  # the check of links says so
    name = _FILE + target.removeprefix("../").replace("/", "-") + ".md"
    language = _LANGUAGES.get(source.suffix, "text")
    title = target.removeprefix("../")
    (folder / name).write_text(f"# {title}\n\n```{language}\n{source.read_text()}```\n")
    return f"{found[1]}{name}{found[3]}"
