"""`waypost voice`: make and examine voice notes without a gateway."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from waypost.cli.progress import steps
from waypost.cli.screen import console
from waypost.config import LOUDEST_LUFS, QUIETEST_LUFS
from waypost.errors import VoiceError
from waypost.voice.inspect import Inspection, inspect
from waypost.voice.limits import Limits
from waypost.voice.note import Note
from waypost.workers.pool import WorkerPool

_BLOCKS: Final = " ▁▂▃▄▅▆▇█"

app = typer.Typer(
    add_completion=False, name="voice", help="Make and examine voice notes.", no_args_is_help=True
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", exists=True, dir_okay=False, readable=True)],
    target: Annotated[Path, typer.Argument(metavar="OUT.ogg", dir_okay=False, writable=True)],
    normalize: Annotated[
        float | None,
        typer.Option(
            min=QUIETEST_LUFS,
            max=LOUDEST_LUFS,
            metavar="LUFS",
            help="Bring it to this loudness (EBU R128), such as -16; without it levels stay as they are.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make OUT.ogg a native voice note of the sound in IN; a note that is native already is copied."""
    if not target.absolute().parent.is_dir():
        raise typer.BadParameter("its folder does not exist", param_hint="OUT.ogg")
    if not os.access(target.absolute().parent, os.W_OK):
        raise typer.BadParameter("its folder can't be written", param_hint="OUT.ogg")
    if target.exists() and target.samefile(source):
        raise typer.BadParameter("it is the input, which would be lost", param_hint="OUT.ogg")
    try:
        with steps() as under_way:
            under_way.says("converting")
            note = asyncio.run(_convert(source.absolute(), target.absolute(), Limits(normalize=normalize)))
    except VoiceError as error:
        _fail(error, as_json=as_json)
    if as_json:
        _print_json(_note_facts(note))
        return
    table = _table()
    table.add_row("note", str(note.path))
    table.add_row("made", "copied, it was native already" if note.passthrough else "converted")
    table.add_row("size", f"{note.size} bytes, sha256 {note.sha256.hex()}")
    asked = "" if note.passthrough else ", asked of the encoder"
    table.add_row("bitrate", f"{note.bitrate / 1000:.1f} kbit/s{asked}")
    table.add_row("seconds", str(note.seconds))
    table.add_row("waveform", draw(note.waveform))
    console().print(table)


@app.command("inspect")
def inspect_note(
    note: Annotated[Path, typer.Argument(metavar="NOTE.ogg", exists=True, dir_okay=False, readable=True)],
    as_json: AsJson = False,
) -> None:
    """Check every page and packet of NOTE.ogg against what phones record; exit 1 when it is not native."""
    try:
        with note.open("rb") as file:
            found = inspect(file, Limits())
    except VoiceError as error:
        _fail(error, as_json=as_json)
    if as_json:
        _print_json(_inspection_facts(found))
        return
    profile = found.profile
    table = _table()
    table.add_row("profile", "native: Ogg Opus, mono, 16 kHz, SILK wideband, 3 frames of 20 ms, WhatsApp")
    table.add_row("packets", f"{profile.packets} of 60 ms on {profile.pages - 2} pages, all checked")
    table.add_row("bitrate", f"{profile.bitrate / 1000:.1f} kbit/s on average")
    table.add_row("seconds", f"{found.seconds} ({profile.seconds:.3f})")
    table.add_row("size", f"{profile.size} bytes")
    table.add_row("waveform", draw(found.waveform))
    console().print(table)


def draw(waveform: bytes) -> str:
    """One line of block characters for values of 0 to 100."""
    return "".join(_BLOCKS[-(-value * (len(_BLOCKS) - 1) // 100)] for value in waveform)


async def _convert(source: Path, target: Path, limits: Limits) -> Note:
    async with WorkerPool(limits, workers=1) as pool:
        return await pool.convert(source, target)


def _note_facts(note: Note) -> dict[str, Any]:
    return {
        "native": True,
        "path": str(note.path),
        "passthrough": note.passthrough,
        "size": note.size,
        "sha256": note.sha256.hex(),
        "bitrate": note.bitrate,
        "seconds": note.seconds,
        "samples": note.samples,
        "waveform": list(note.waveform),
    }


def _inspection_facts(found: Inspection) -> dict[str, Any]:
    profile = found.profile
    return {
        "native": True,
        "packets": profile.packets,
        "pages": profile.pages,
        "bitrate": profile.bitrate,
        "seconds": found.seconds,
        "exact_seconds": round(profile.seconds, 6),
        "pre_skip": profile.pre_skip,
        "size": profile.size,
        "waveform": list(found.waveform),
    }


def _fail(error: VoiceError, *, as_json: bool) -> NoReturn:
    if as_json:
        _print_json({"native": False, "error": error.code, "message": error.message, **error.facts})
    else:
        Console(stderr=True).print(error.message, style="red", markup=False, highlight=False)
    raise typer.Exit(1)


def _print_json(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")


def _table() -> Table:
    table = Table(show_header=False, box=None)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    return table
