"""What the demo shows while it works, and the table at its end; plain lines where there is no terminal."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.json import JSON
from rich.table import Table


class StepFailed(Exception):
    """A step of the demo did not end as it should; the message says which and why."""


@dataclass
class Screen:
    """Prints steps with their time, and keeps them for the table."""

    console: Console
    taken: list[tuple[str, float]] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Show `name` as under way and note its time. A failure inside becomes StepFailed with its name."""
        self.console.print(f"[bold]▸ {name}[/]")
        began = time.perf_counter()
        try:
            with self.console.status(name):
                yield
        except Exception as failure:
            raise StepFailed(f"{name}: {failure or type(failure).__name__}") from failure
        seconds = time.perf_counter() - began
        self.taken.append((name, seconds))
        self.console.print(f"  [green]done[/] in {seconds:.2f} s")

    def document(self, title: str, body: Mapping[str, Any]) -> None:
        """Print a JSON answer under its title."""
        self.console.print(f"  [dim]{title}[/]")
        self.console.print(JSON(json.dumps(body), indent=2))

    def line(self, text: str) -> None:
        """Print one line, indented under its step."""
        self.console.print(f"  {text}", highlight=False)

    def table(self) -> None:
        """The steps and their times."""
        table = Table("step", "seconds", title="Waypost demo")
        for name, seconds in self.taken:
            table.add_row(name, f"{seconds:.2f}")
        table.add_row("[bold]all of it[/]", f"[bold]{sum(seconds for _, seconds in self.taken):.2f}[/]")
        self.console.print(table)
