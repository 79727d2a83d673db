"""`python -m bench [SECTION …]`: measure, print, and with --write keep the page in docs/benchmarks.md."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench import accept, constrained, conversion, delivery, memory
from bench.machine import describe
from bench.town import town

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"


async def _accept() -> list[str]:
    return list(accept.report(await accept.run()))


async def _conversion() -> list[str]:
    return list(conversion.report(await conversion.run()))


async def _constrained() -> list[str]:
    return list(constrained.report(await constrained.run()))


async def _delivery() -> list[str]:
    async with town() as here:
        return list(delivery.report(await delivery.latency(here), await delivery.rates(here)))


async def _memory() -> list[str]:
    async with town() as here:
        one = await memory.memory(here)
        while len(here.instances) < 20:
            await here.add_instance()
        twenty = await memory.memory(here)
        return list(memory.report(one, twenty, await memory.recovery(here)))


SECTIONS: dict[str, tuple[str, Callable[[], Awaitable[list[str]]]]] = {
    "accept": ("Accepting: send-voice (multipart, 12 kB, durable), 64 connections", _accept),
    "constrained": (
        "Accepting on one core, 512 MB of heap per process, while ten 60 s notes convert",
        _constrained,
    ),
    "conversion": ("Converting mp3, warm pool against one ffmpeg spawn", _conversion),
    "delivery": ("Sending through the sandbox", _delivery),
    "memory": ("Memory (PSS, MB) and recovery", _memory),
}


async def _main(names: list[str], write: bool) -> None:
    page = [f"Measured with `make bench` on {describe()}.", ""]
    print(page[0])
    for name in names:
        title, section = SECTIONS[name]
        print(f"\n## {title}\n", flush=True)
        lines = await section()
        print("\n".join(lines), flush=True)
        page += [f"## {title}", "", "```", *lines, "```", ""]
    if write:
        text = PAGE.read_text() if PAGE.exists() else "# Benchmarks\n\n<!-- measured -->\n"
        PAGE.write_text(text.split("<!-- measured -->")[0] + "<!-- measured -->\n\n" + "\n".join(page))


if __name__ == "__main__":
    chosen = [word for word in sys.argv[1:] if not word.startswith("--")]
    asyncio.run(_main(chosen or list(SECTIONS), "--write" in sys.argv))
