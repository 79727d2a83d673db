"""`python -m fuzz [SECONDS] [NAME …]`: search every target that long, as many at once as there are
cores; a table at the end, and exit code 1 with the command that repeats it when a promise was broken."""

import asyncio
import importlib.util
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from fuzz.target import CORPUS, load, names

WORK = Path(".fuzz")
_INPUT_SECONDS = 20  # for one input: nothing here takes a tenth of a second on a free core
_MEMORY_MB = 2048
_STARTING_SECONDS = 120  # imports and instrumentation on a busy machine


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one target's search came to; `coverage` is None without atheris."""

    name: str
    runs: int
    seconds: float
    coverage: tuple[int, int] | None
    findings: tuple[Path, ...]
    failure: str


async def search(name: str, seconds: int) -> Outcome:
    """Run one target in a process of its own."""
    corpus, seeds, found = (WORK / kind / name for kind in ("corpus", "seeds", "findings"))
    for folder in (corpus, seeds, found):
        folder.mkdir(parents=True, exist_ok=True)
    for place, seed in enumerate(load(name).seeds()):
        (seeds / f"{place:03}").write_bytes(seed)
    before = set(found.iterdir())
    options = [
        f"-max_total_time={seconds}",
        f"-artifact_prefix={found}/",
        f"-max_len={load(name).longest}",
        f"-timeout={_INPUT_SECONDS}",
        f"-rss_limit_mb={_MEMORY_MB}",
        "-print_final_stats=1",
        str(corpus),
        str(seeds),
        *([str(CORPUS / name)] if (CORPUS / name).is_dir() else []),
    ]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "fuzz.one",
        name,
        *options,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(seconds + _STARTING_SECONDS):
            said = (await process.communicate())[0].decode(errors="replace")
    except TimeoutError:
        process.kill()
        await process.wait()
        said = "it did not come to its end"
    (WORK / f"{name}.log").write_text(said)
    return _outcome(
        name, seconds, said, process.returncode or 0, tuple(sorted(set(found.iterdir()) - before))
    )


def _outcome(name: str, seconds: int, said: str, code: int, findings: tuple[Path, ...]) -> Outcome:
    runs = [int(number) for number in re.findall(r"number_of_executed_units: (\d+)", said)]
    covered = [int(number) for number in re.findall(r"(?:INITED|NEW|pulse|REDUCE|DONE).* cov: (\d+)", said)]
    failed = bool(code) or bool(findings)
    return Outcome(
        name=name,
        runs=runs[-1] if runs else 0,
        seconds=seconds,
        coverage=(covered[0], covered[-1] - covered[0]) if covered else None,
        findings=findings,
        failure=_reason(said) if failed else "",
    )


def _reason(said: str) -> str:
    """The end of what a search said: from the exception on, where there is one."""
    lines = said.splitlines()
    begin = next((at for at, line in enumerate(lines) if "Uncaught" in line or "Traceback" in line), 0)
    return "\n".join(lines[begin:][-40:])


async def search_all(chosen: list[str], seconds: int) -> list[Outcome]:
    """All of them, a core each."""
    turns = asyncio.Semaphore(os.cpu_count() or 1)

    async def in_turn(name: str) -> Outcome:
        async with turns:
            print(f"  {name}: {load(name).promise}", flush=True)
            return await search(name, seconds)

    return await asyncio.gather(*map(in_turn, chosen))


def table(outcomes: list[Outcome]) -> str:
    """The outcomes for people."""
    lines = [f"{'target':20} {'executions':>11} {'exec/s':>8} {'coverage':>9} {'new':>6} {'crashes':>8}"]
    for one in outcomes:
        covered, new = one.coverage or ("-", "-")
        rate = round(one.runs / max(one.seconds, 1))
        crashes = len(one.findings) or int(bool(one.failure))
        lines.append(f"{one.name:20} {one.runs:>11,} {rate:>8,} {covered:>9} {new:>6} {crashes:>8}")
    return "\n".join(lines)


def main() -> int:
    """Search, tell, and say how to repeat what was found."""
    given = sys.argv[1:]
    seconds = int(given.pop(0)) if given and given[0].isdecimal() else 600
    chosen = given or names()
    if importlib.util.find_spec("atheris") is None:
        print("There is no atheris for this platform: inputs are changed blindly, without coverage.")
    print(f"{len(chosen)} targets, {seconds} s each:", flush=True)
    outcomes = asyncio.run(search_all(chosen, seconds))
    print(table(outcomes))
    broken = [one for one in outcomes if one.failure]
    for one in broken:
        print(f"\n{one.name} does not keep its promise ({WORK / one.name}.log):\n{one.failure}\n\nAgain:")
        for finding in one.findings:
            print(f"  {sys.executable} -m fuzz.one {one.name} {finding}")
    return 1 if broken else 0


sys.exit(main())
