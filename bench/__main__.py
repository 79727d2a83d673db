"""`python -m bench [SECTION …] [--write] [--short] [--page]`: measure and print.

--write keeps the figures and makes docs/benchmarks.md and its charts, --page makes them from what was kept,
--short only shows that each section runs.
"""

import asyncio
import sys
import time
import traceback

from bench import (
    accept,
    baileys,
    constrained,
    conversion,
    delivery,
    depth,
    history,
    instances,
    length,
    nodes,
    scaling,
)
from bench.machine import describe, today
from bench.page import Result, keep
from bench.scale import FULL, SHORT
from bench.section import Section

SECTIONS: dict[str, Section] = {
    section.name: section
    for section in (
        accept.SECTION,
        constrained.SECTION,
        conversion.SECTION,
        delivery.SECTION,
        baileys.SECTION,
        instances.SECTION,
        depth.SECTION,
        length.SECTION,
        history.SECTION,
        nodes.SECTION,
        scaling.SECTION,  # it computes with what the others have found
    )
}
_OPTIONS = ("--write", "--short", "--page")


async def _main(names: list[str], options: set[str]) -> int:
    """Run the sections; how many of them failed."""
    machine = describe()
    print(f"{today()}, {machine}.")
    scale = SHORT if "--short" in options else FULL
    results: list[Result] = []
    failed = 0
    for name in names:
        section = SECTIONS[name]
        print(f"\n## {section.title}\n", flush=True)
        began = time.perf_counter()
        try:
            figures = await section.run(scale)
        except Exception:  # noqa: BLE001 - the rest of a long run is still worth having
            traceback.print_exc()
            failed += 1
            continue
        print("\n".join(section.report(figures)), flush=True)
        print(f"({time.perf_counter() - began:.0f} s)", flush=True)
        results.append(Result(name, today(), f"make bench ARGS={name}", machine, figures))
        if "--write" in options:
            keep(results, SECTIONS)
    return failed


def main(words: list[str]) -> None:
    """Run what was asked for; all sections when none is named."""
    options = {word for word in words if word.startswith("--")}
    names = [word for word in words if not word.startswith("--")]
    unknown = [*(name for name in names if name not in SECTIONS), *(options - set(_OPTIONS))]
    if unknown:
        sys.exit(f"{', '.join(unknown)}: unknown. Sections: {', '.join(SECTIONS)}; {', '.join(_OPTIONS)}")
    if {"--write", "--short"} <= options:
        sys.exit("--short measures too little to be written down")
    if "--page" in options:
        keep([], SECTIONS)
        return
    sys.exit(asyncio.run(_main(names or list(SECTIONS), options)))


if __name__ == "__main__":
    main(sys.argv[1:])
