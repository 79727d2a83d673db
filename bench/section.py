"""One part of the measurements: what it is called, how it is run, and how its figures are told."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.scale import Scale

Figures = dict[str, Any]
"""What JSON can hold: the page and the charts are made from figures that were read back."""


def no_charts(_: Figures) -> Mapping[str, str]:
    """For a section whose lines say it all."""
    return {}


@dataclass(frozen=True)
class Section:
    """`report` gives lines to read, `charts` SVG documents by the name of their file (without .svg), both for
    `page`."""

    name: str
    title: str
    run: Callable[[Scale], Awaitable[Figures]]
    report: Callable[[Figures], Sequence[str]]
    charts: Callable[[Figures], Mapping[str, str]] = no_charts
    page: str = "benchmarks.md"
