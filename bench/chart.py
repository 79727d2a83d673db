"""Charts as SVG text: bars, and lines over a logarithmic axis.

Drawn here and not by a plotting library: two shapes need no dependency, and the colours have to follow the
reader's light or dark page, which an image in a page can only do with a style of its own.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 760
_TEXT = 13
_ROW = 26
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #59636e }
.title { font-weight: 600; fill: #1f2328 }
.axis { stroke: #d1d9e0; stroke-width: 1 }
.aim { stroke: #9a6700; stroke-width: 1.5; stroke-dasharray: 5 4 }
.c0 { fill: #0969da; stroke: #0969da } .c1 { fill: #bc4c00; stroke: #bc4c00 }
.c2 { fill: #1a7f37; stroke: #1a7f37 } .c3 { fill: #8250df; stroke: #8250df }
.line { fill: none; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
text { fill: #9198a1 } .title { fill: #f0f6fc } .axis { stroke: #3d444d } .aim { stroke: #d29922 }
.c0 { fill: #4493f8; stroke: #4493f8 } .c1 { fill: #f0883e; stroke: #f0883e }
.c2 { fill: #3fb950; stroke: #3fb950 } .c3 { fill: #ab7df8; stroke: #ab7df8 }
.line { fill: none } }
"""


@dataclass(frozen=True)
class Bar:
    """One bar; `colour` is 0 to 3, `group` a heading above the first bar of a group."""

    label: str
    value: float
    colour: int = 0
    group: str = ""


@dataclass(frozen=True)
class Line:
    """One line through (x, y) points, x above zero."""

    label: str
    points: Sequence[tuple[float, float]]
    colour: int = 0


def bars(title: str, shown: Sequence[Bar], format: str = "{:,.0f}", left: int = 300) -> str:
    """Horizontal bars from zero, each group to a scale of its own, each bar with its value; `left` is the
    width of the labels in pixels."""
    parts, y, most = [], 46, max(bar.value for bar in shown)
    for index, bar in enumerate(shown):
        if bar.group:
            parts.append(_text(4, y + 16, bar.group, "title"))
            y += _ROW
            rest = itertools.takewhile(lambda other: not other.group, shown[index + 1 :])
            most = max([bar.value, *(other.value for other in rest)])
        width = max(1.0, bar.value / (most or 1.0) * (WIDTH - left - 90))
        parts.append(_text(left - 8, y + 16, bar.label, anchor="end"))
        parts.append(
            f'<rect class="c{bar.colour}" x="{left}" y="{y + 4}" width="{width:.1f}" height="16" rx="2"/>'
        )
        parts.append(_text(left + width + 6, y + 16, format.format(bar.value)))
        y += _ROW
    return _document(title, y + 10, parts)


def lines(
    title: str,
    shown: Sequence[Line],
    *,
    x: str,
    format: str = "{:,.0f}",
    aim: tuple[str, float] | None = None,
) -> str:
    """Lines over a logarithmic x axis called `x`; values are written at the points, `aim` is a level with its
    name."""
    height, left, right, top, bottom = 390, 60, WIDTH - 130, 60, 330
    xs = sorted({point[0] for line in shown for point in line.points})
    most = max([point[1] for line in shown for point in line.points] + ([aim[1]] if aim else [])) * 1.1
    low, high = math.log10(xs[0]), math.log10(xs[-1])

    def at(point: tuple[float, float]) -> tuple[float, float]:
        share = (math.log10(point[0]) - low) / ((high - low) or 1.0)
        return left + share * (right - left), bottom - point[1] / most * (bottom - top)

    parts = [
        f'<path class="axis" d="M{left} {top} V{bottom} H{right}" fill="none"/>',
        *(_text(at((value, 0))[0], bottom + 20, f"{value:,g}", anchor="middle") for value in xs),
        _text((left + right) / 2, bottom + 44, x, anchor="middle"),
    ]
    if aim is not None:
        y = at((xs[0], aim[1]))[1]
        parts += [
            f'<path class="aim" d="M{left} {y:.1f} H{right}" fill="none"/>',
            _text(right + 8, y + 4, aim[0]),
        ]
    taken: list[tuple[float, float]] = []
    for line in shown:
        parts += _line(line, [at(point) for point in line.points], format, taken)
    parts.append(_legend(shown))
    return _document(title, height, parts)


def _line(
    line: Line, places: Sequence[tuple[float, float]], format: str, taken: list[tuple[float, float]]
) -> list[str]:
    """The line with its values above its points, or below or not at all where others are: `taken`."""
    path = " ".join(f"{'L' if index else 'M'}{x:.1f} {y:.1f}" for index, (x, y) in enumerate(places))
    dots = [f'<circle class="c{line.colour}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in places]
    values = []
    for (x, y), (_, value) in zip(places, line.points, strict=True):
        for place in ((x, y - 8), (x, y + 18)):
            if not any(abs(x - other) < _TEXT * 2 and abs(place[1] - at) < _TEXT for other, at in taken):
                taken.append(place)
                values.append(_text(*place, format.format(value), anchor="middle"))
                break
    return [f'<path class="line c{line.colour}" d="{path}"/>', *dots, *values]


def _legend(shown: Sequence[Line]) -> str:
    parts, x = [], 60.0
    for line in shown:
        parts.append(f'<rect class="c{line.colour}" x="{x:.0f}" y="32" width="12" height="12" rx="2"/>')
        parts.append(_text(x + 18, 43, line.label))
        x += 40 + len(line.label) * _TEXT * 0.55
    return "\n".join(parts)


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    of_class = f' class="{kind}"' if kind else ""
    return f'<text{of_class} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _document(title: str, height: int, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'width="{WIDTH}" height="{height}" aria-label="{escape(title)}">\n<style>{_STYLE}</style>\n'
        + "\n".join([_text(4, 20, title, "title"), *parts])
        + "\n</svg>\n"
    )
