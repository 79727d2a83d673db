"""What the rows saw, kept for the end of the run."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.interop import wire

from waypost.sandbox.views import LogLine

PUZZLED = ("unknown_requests", "refused_stanzas", "malformed")
"""What the sandbox counts when it has no handler, or can't make sense of what a client says."""


@dataclass
class Told:
    """`engines` maps a name to its version; `rows` are engine, addressing, what was sent, what was seen;
    `shapes` are the stanzas of each engine, `changes` what differs from the recorded ones.
    """

    engines: dict[str, str] = field(default_factory=dict)
    rows: list[tuple[str, str, str, str]] = field(default_factory=list)
    shapes: wire.Shapes = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether a row failed: then a stanza may be missing for that reason alone."""
        return any(seen.startswith("FAILED") for *_, seen in self.rows)

    def watch(self, lines: Iterable[LogLine], engines: dict[str, str]) -> None:
        """Add the stanzas of a stretch of the sandbox's log; stretches may overlap."""
        for engine, shapes in wire.shapes(lines, engines).items():
            self.shapes[engine] = sorted({*self.shapes.get(engine, []), *shapes})
