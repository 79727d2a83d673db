from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

from waypost.clock import Clock
from waypost.media.film import Film
from waypost.media.page import Page
from waypost.media.picture import Picture, Use
from waypost.operations.resources import Converter
from waypost.voice.note import Note
from waypost.watching import table
from waypost.watching.counts import Counts

Made = TypeVar("Made")


class WatchedConverter:
    """Implements `operations.resources.Converter`: another one, whose conversions are timed."""

    def __init__(self, converter: Converter, counts: Counts, clock: Clock) -> None:
        self._converter = converter
        self._counts = counts
        self._clock = clock

    async def convert(self, source: Path, target: Path) -> Note:
        """Make a native note."""
        return await self._timed("voice", self._converter.convert(source, target))

    async def picture(self, source: Path, target: Path, use: Use) -> Picture:
        """Make a picture."""
        return await self._timed("picture", self._converter.picture(source, target, use))

    async def film(self, source: Path, target: Path) -> Film:
        """Make a video."""
        return await self._timed("video", self._converter.film(source, target))

    async def page(self, source: Path) -> Page:
        """Read a web page."""
        return await self._timed("page", self._converter.page(source))

    async def _timed(self, kind: str, work: Awaitable[Made]) -> Made:
        began, outcome = self._clock.monotonic(), "failed"
        try:
            made = await work
            outcome = "passed_through" if isinstance(made, Note) and made.passthrough else "converted"
            return made
        finally:
            self._counts.took(table.CONVERSION_SECONDS, self._clock.monotonic() - began, kind, outcome)
