"""What was measured is kept as data; pages and charts are made from it, so that parts can be run alone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.section import Figures, Section

DOCS = Path(__file__).parent.parent / "docs"
_MARK = "<!-- measured -->\n"


@dataclass(frozen=True)
class Result:
    """The figures of one section, with when and on what they were taken."""

    section: str
    date: str
    command: str
    machine: str
    figures: Figures


def load(docs: Path = DOCS) -> dict[str, Result]:
    """What was kept, by section."""
    path = docs / "benchmarks.json"
    kept = json.loads(path.read_text()) if path.exists() else []
    return {row["section"]: Result(**row) for row in kept}


def keep(new: Sequence[Result], sections: Mapping[str, Section], docs: Path = DOCS) -> None:
    """Keep these results beside those of sections that were not run, and make pages and charts anew."""
    results = {**load(docs), **{result.section: result for result in new}}
    rows = [results[name] for name in sections if name in results]
    (docs / "benchmarks.json").write_text(
        json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False) + "\n"
    )
    charts = docs / "charts"
    charts.mkdir(exist_ok=True)
    for stale in charts.glob("*.svg"):
        stale.unlink()
    for page in {section.page: None for section in sections.values()}:
        _write_page(docs / page, [row for row in rows if sections[row.section].page == page], sections)


def _write_page(page: Path, rows: Sequence[Result], sections: Mapping[str, Section]) -> None:
    lines: list[str] = []
    for row in rows:
        section = sections[row.section]
        lines += [f"## {section.title}", "", f"`{row.command}`, {row.date}, {row.machine}.", "", "```"]
        lines += [*section.report(row.figures), "```", ""]
        for name, svg in section.charts(row.figures).items():
            (page.parent / "charts" / f"{name}.svg").write_text(svg)
            lines += [f"![{section.title}](charts/{name}.svg)", ""]
    head = page.read_text().split(_MARK)[0] if page.exists() else f"# {page.stem.capitalize()}\n\n"
    page.write_text(head + _MARK + "\n" + "\n".join(lines).rstrip() + "\n")
