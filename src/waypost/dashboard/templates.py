import functools
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from waypost.clock import Clock, iso
from waypost.dashboard.saying import FILTERS
from waypost.dashboard.words import ago, bytes_of, ticks

if TYPE_CHECKING:
    from jinja2 import Environment


class Templates:
    """Makes HTML of the files in `templates/`; whatever is put into them is escaped."""

    def __init__(self, clock: Clock, assets: str) -> None:
        """`assets`: the path that the files of `assets/` are served under."""
        self._clock = clock
        self._assets = assets

    def render(self, template: str, **values: Any) -> bytes:
        """The page or fragment, in UTF-8. A value that a template names and nobody gave is a defect."""
        return self._environment.get_template(template).render(values).encode()

    @functools.cached_property
    def _environment(self) -> "Environment":
        # Imported with the first page: a gateway that nobody looks at does without.
        from jinja2 import Environment, PackageLoader, StrictUndefined

        environment = Environment(
            loader=PackageLoader("waypost.dashboard", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.globals["asset"] = lambda name: f"{self._assets}/{name}"
        environment.filters |= {"when": self._when, "bytes": bytes_of, "ticks": ticks, "at": at, **FILTERS}
        return environment

    def _when(self, seconds: float | None) -> Markup:
        """A moment (seconds since the epoch) as people say it, with the exact one behind it."""
        if seconds is None:
            return Markup("")
        exact = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        words = ago(seconds - self._clock.now())
        return Markup('<time datetime="{}" title="{}">{}</time>').format(iso(seconds), exact, words)


def at(seconds: float | None) -> Markup:
    """A moment as a clock shows it, in the reader's own zone once the page's script has run."""
    if seconds is None:
        return Markup("")
    shown = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return Markup('<time datetime="{}" data-clock>{}</time>').format(iso(seconds), shown)
