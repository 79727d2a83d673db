import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from bench.__main__ import SECTIONS
from bench.__main__ import main as bench
from bench.chart import Bar, Line, bars, lines
from bench.page import Result, keep, load
from bench.scale import Scale
from bench.section import Figures, Section


def _section(name: str) -> Section:
    async def run(_: Scale) -> Figures:
        return {}

    def charts(figures: Figures) -> dict[str, str]:
        return {name: bars(name, [Bar("one", figures["value"])])} if figures["value"] else {}

    return Section(name, f"About {name}", run, lambda figures: [f"{name} is {figures['value']}"], charts)


SOME = {name: _section(name) for name in ("first", "second")}


def _result(name: str, value: int, date: str = "2026-01-01") -> Result:
    return Result(name, date, f"make bench ARGS={name}", "a machine", {"value": value})


def test_a_part_that_is_run_again_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "benchmarks.md").write_text("# By hand\n\n<!-- measured -->\n\nold figures\n")
    keep([_result("first", 1), _result("second", 2)], SOME, tmp_path)
    keep([_result("second", 3, "2026-02-02")], SOME, tmp_path)
    page = (tmp_path / "benchmarks.md").read_text()
    assert page.startswith("# By hand\n")
    assert "old figures" not in page
    assert page.index("first is 1") < page.index("second is 3")
    assert "2026-02-02" in page
    assert {row.section: row.figures for row in load(tmp_path).values()} == {
        "first": {"value": 1},
        "second": {"value": 3},
    }


def test_a_chart_that_no_section_draws_any_more_is_removed(tmp_path: Path) -> None:
    keep([_result("first", 1)], SOME, tmp_path)
    assert (tmp_path / "charts" / "first.svg").exists()
    keep([_result("first", 0)], SOME, tmp_path)
    assert not (tmp_path / "charts" / "first.svg").exists()
    assert "charts/" not in (tmp_path / "benchmarks.md").read_text()


def test_a_chart_is_an_image_with_its_values_and_escaped_labels() -> None:
    drawn = bars("a < b", [Bar("one & only", 12.0), Bar("none", 0.0)])
    assert "".join(ElementTree.fromstring(drawn).itertext()).count("12") == 1
    assert "one &amp; only" in drawn


def test_values_of_lines_that_meet_are_not_written_over_each_other() -> None:
    drawn = lines("t", [Line("a", [(1, 50.0), (10, 90.0)]), Line("b", [(1, 50.5), (10, 10.0)])], x="x")
    places = [
        (float(text.attrib["x"]), float(text.attrib["y"]))
        for text in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")
        if text.text in ("50", "90", "10") and text.attrib["text-anchor"] == "middle"
    ]
    assert len(set(places)) == len(places)


def test_kept_figures_give_the_page_that_is_there() -> None:
    """Every section can tell the figures that were kept, with the code of today."""
    for name, result in load().items():
        assert SECTIONS[name].report(json.loads(json.dumps(result.figures)))
        SECTIONS[name].charts(result.figures)


@pytest.mark.parametrize("words", [["nothing"], ["--nonsense"], ["--short", "--write"]])
def test_what_bench_does_not_know_is_refused_before_anything_is_measured(words: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        bench(words)
    assert isinstance(refused.value.code, str)
