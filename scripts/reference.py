"""Writes the pages of docs/ that are tables of the code; a test says when they drift."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.core import TyperArgument, TyperGroup

from waypost.cli import exits
from waypost.cli.main import COMMANDS, loaded
from waypost.config import PREFIX, Settings, descriptions
from waypost.errors import TABLE
from waypost.watching.table import TABLE as METRICS

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
        shown = "" if name == "admin_token" or value in ("", []) else _default(name, value)
        rows.append(f"| `{PREFIX}{name.upper()}` | {shown} | {_in_a_cell(about[name])} |")
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
            *_BESIDE_SETTINGS,
        ]
    )


def _default(name: str, value: Any) -> str:
    """A default as it is typed; of longer times and sizes in words too."""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if name.endswith("_bytes"):
        return f"`{value}` ({value >> 20} MiB)" if value >> 20 else f"`{value}` ({value >> 10} KiB)"
    if not isinstance(value, float):
        return f"`{value}`"
    words = ""
    for seconds, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        count, rest = divmod(value, seconds)
        if name.endswith("_seconds") and count and not rest:
            words = f" ({count:g} {unit}{'s' * (count > 1)})"
            break
    return f"`{int(value) if value.is_integer() else value}`{words}"


def _in_a_cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


_BESIDE_SETTINGS = [
    "## Beside the settings",
    "",
    "| variable | read by | |",
    "| --- | --- | --- |",
    "| `WAYPOST_URL`, `WAYPOST_TOKEN`, `WAYPOST_INSTANCE` | commands | Which gateway, as whom, which "
    "instance: [command line](cli.md). |",
    "| `WAYPOST_TRACEBACK` | commands | `1`: where a command fails unforeseen, the traceback and not one "
    "sentence. |",
    "| `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT_URL`, … | the gateway | "
    "The object store of `WAYPOST_BLOBS_URL`. |",
    "| `OTEL_EXPORTER_OTLP_ENDPOINT`, … | the gateway | Where [traces](observability.md#traces) go. |",
    "",
]

CLI_HEAD = """# Command line

`--help` after a command says all of this too.

- **Which gateway, as whom**: `WAYPOST_URL` and `WAYPOST_TOKEN` (or `--url`, `--token`). Without an address it
  is the one that `WAYPOST_HOST` and `WAYPOST_PORT` name on this machine, without a token
  `WAYPOST_ADMIN_TOKEN`.
- **Which instance**: `--instance` with its name or id, or `WAYPOST_INSTANCE`; nothing where there is one.
- **For programs**: `--json` prints one JSON document in the shapes of [api.md](api.md); `waypost tail` and
  `--watch` print one on each line. What is wrong is one sentence on the error stream, and the exit code says
  which kind of wrong; with `--json` it is `{"error": {"code", "message", "exit_code"}}` on one line there.
  `code` is that of [errors.md](errors.md) where the gateway gave one, else the word of the table below.
- **In a pipe** there is no colour, no progress bar and no cut line; `NO_COLOR` turns colour off in a
  terminal too.
- **Completion**: `waypost --install-completion` for your shell (bash, zsh, fish). It knows commands, options,
  events, and the names of instances, which it asks the gateway for.

```sh
waypost instance create --name shop --phone +447700900001      # draws the code to scan
waypost send-voice hello.mp3 --to +447700900002                # waits until it has left
ffmpeg -i film.mkv -f wav - | waypost send-voice - --to +447700900002
waypost send-text "Your parcel is here." --to +447700900002 --wait 0
waypost queue --state failed                                   # and: waypost queue retry UUID
waypost tail message.any queued_request.finished               # of all instances
```

## Exit codes

| code | word | means | then |
| --- | --- | --- | --- |"""


def cli_page() -> str:
    """Every command with its options, and how commands end."""
    ends = [
        f"| {code} | {exits.WORDS.get(code, '')} | {means} | {then} |"
        for code, (means, then) in exits.TABLE.items()
    ]
    sections = [line for name in COMMANDS for line in _command(loaded(name), f"waypost {name}", "##")]
    return "\n".join([MADE, CLI_HEAD, *ends, "", *sections])


def _command(command: Any, path: str, level: str) -> Iterator[str]:
    yield from [f"{level} {path}", "", *_usage(command, path), *_about(command), ""]
    # Those of `serve` are the page of settings.
    if path == "waypost serve":
        yield from ["Its options are the settings of [configuration.md](configuration.md).", ""]
        return
    rows = [_option(one) for one in command.params if not getattr(one, "hidden", False)]
    if rows:
        yield from ["| option | |", "| --- | --- |", *rows, ""]
    if isinstance(command, TyperGroup):
        for name, inner in command.commands.items():
            yield from _command(inner, f"{path} {name}", f"{level[:2]}#")


def _usage(command: Any, path: str) -> list[str]:
    words = [one.metavar or one.name.upper() for one in command.params if isinstance(one, TyperArgument)]
    return [f"`{' '.join([path, *words])}`", ""] if words else []


def _about(command: Any) -> list[str]:
    return inspect.cleandoc(command.help or "").split("\n")


def _option(one: Any) -> str:
    name = one.metavar or one.name.upper()
    if not isinstance(one, TyperArgument):
        taken = f" {one.metavar}" if one.metavar else ""
        name = " ".join([", ".join(one.opts + one.secondary_opts)]) + taken
    default = one.default
    if default in (None, "", False) or one.show_default is False or isinstance(default, list | tuple):
        shown = ""
    else:
        shown = f" Default: {getattr(default, 'value', default)}."
    needed = " Required." if one.required and not isinstance(one, TyperArgument) else ""
    help_text = (one.help or "").replace("|", "\\|").replace("<", "&lt;")
    return f"| `{name.replace('|', ' or ')}` | {help_text}{needed}{shown} |"


def pacing_section() -> str:
    """The rules of pacing with their defaults, for the README."""
    defaults, about = Settings(), descriptions()
    rows = []
    for name in Settings.__struct_fields__:
        if name.startswith("pacing"):
            shown = _default(name, getattr(defaults, name))
            rows.append(f"| `{PREFIX}{name.upper()}` | {shown} | {_in_a_cell(about[name])} |")
    return "\n".join(["| variable | default | |", "| --- | --- | --- |", *rows])


def readme() -> str:
    """The README with its sections of the code as the code is."""
    before, rest = (DOCS.parent / "README.md").read_text().split(_BEGIN)
    after = rest.split(_END)[1]
    return f"{before}{_BEGIN}\n{pacing_section()}\n{_END}{after}"


def metrics_section() -> str:
    """Every metric, for the page on observability."""
    rows = []
    for metric in METRICS:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        rows.append(f"| `{metric.name}` | {metric.kind} | {labels} | {metric.about} |")
    return "\n".join(["| metric | kind | labels | |", "| --- | --- | --- | --- |", *rows])


def observability() -> str:
    """The page on observability with its table as the code is."""
    before, rest = (DOCS / "observability.md").read_text().split(_METRICS)
    after = rest.split(_END_OF_METRICS)[1]
    return f"{before}{_METRICS}\n{metrics_section()}\n{_END_OF_METRICS}{after}"


_METRICS = "<!-- metrics: made by `python scripts/reference.py` from the code -->"
_END_OF_METRICS = "<!-- end of metrics -->"
_BEGIN = "<!-- pacing: made by `python scripts/reference.py` from the code -->"
_END = "<!-- end of pacing -->"

PAGES = {
    "errors.md": errors_page,
    "configuration.md": configuration_page,
    "cli.md": cli_page,
    "observability.md": observability,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page())
    (DOCS.parent / "README.md").write_text(readme())
