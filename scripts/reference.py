"""Writes the pages of docs/ that are tables of the code; a test says when they drift."""

from pathlib import Path

from waypost.config import PREFIX, Settings, descriptions
from waypost.errors import TABLE

DOCS = Path(__file__).parent.parent / "docs"
MADE = "<!-- Made by `python scripts/reference.py` from the code. -->"


def errors_page() -> str:
    """Every row of the table of errors."""
    rows = [
        f"| `{fault.code}` | {fault.status} | {'yes' if fault.retryable else 'no'} | {fault.sentence} |"
        for fault in TABLE.values()
    ]
    return "\n".join(
        [
            MADE,
            "# Errors",
            "",
            "Every error of the API is JSON with `message`, and every failed request carries an",
            "`error` of `code`, `message` and `retryable`. A code never changes its meaning.",
            "*Retryable*: the same call may succeed later; the gateway tries such failures of an",
            "accepted request again by itself until the request expires.",
            "",
            "| code | status | retryable | |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def configuration_page() -> str:
    """Every setting with its default."""
    defaults, about = Settings(), descriptions()
    rows = []
    for name in Settings.__struct_fields__:
        value = getattr(defaults, name)
        shown = "" if name == "admin_token" or value in ("", []) else f"`{value}`"
        rows.append(f"| `{PREFIX}{name.upper()}` | {shown} | {about[name]} |")
    return "\n".join(
        [
            MADE,
            "# Configuration",
            "",
            "Settings of `waypost serve`, as variables or as flags (`WAYPOST_PUBLIC_URL` is",
            "`--public-url`; a flag wins). All are checked together at the start; what is wrong is",
            "said in one sentence each. Lists are separated by commas.",
            "",
            "| variable | default | |",
            "| --- | --- | --- |",
            *rows,
            "",
        ]
    )


def pacing_section() -> str:
    """The rules of pacing with their defaults, for the README."""
    defaults, about = Settings(), descriptions()
    rows = []
    for name in Settings.__struct_fields__:
        if name.startswith("pacing"):
            value = getattr(defaults, name)
            shown = f"{value:g}" if isinstance(value, float) else str(value).lower()
            rows.append(f"| `{PREFIX}{name.upper()}` | `{shown}` | {about[name]} |")
    return "\n".join(["| variable | default | |", "| --- | --- | --- |", *rows])


def readme() -> str:
    """The README with its sections of the code as the code is."""
    before, rest = (DOCS.parent / "README.md").read_text().split(_BEGIN)
    after = rest.split(_END)[1]
    return f"{before}{_BEGIN}\n{pacing_section()}\n{_END}{after}"


_BEGIN = "<!-- pacing: made by `python scripts/reference.py` from the code -->"
_END = "<!-- end of pacing -->"

PAGES = {"errors.md": errors_page, "configuration.md": configuration_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page())
    (DOCS.parent / "README.md").write_text(readme())
