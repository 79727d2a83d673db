from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from waypost.watching import table
from waypost.watching.table import COUNTED, Metric

# Codes and names come from tables of ours; should one ever not, its series stay bounded.
_MOST_SERIES: Final = 2_000
_OTHER: Final = "other"


class Counts:
    """What is counted when it happens. Cheap (a microsecond or two), never raises, for any thread."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._made = {metric.name: _made(metric, registry) for metric in COUNTED}
        self._series: dict[tuple[str, tuple[str, ...]], Any] = {}

    def add(self, metric: Metric, *labels: str) -> None:
        """One more of a counter."""
        self._of(metric, labels).inc()

    def took(self, metric: Metric, value: float, *labels: str) -> None:
        """A histogram has seen that value."""
        self._of(metric, labels).observe(value)

    def committed(self, units: int, seconds: float) -> None:
        """A group commit; called in a writer's thread."""
        self.took(table.COMMIT_UNITS, units)
        self.took(table.COMMIT_SECONDS, seconds)

    def _of(self, metric: Metric, labels: tuple[str, ...]) -> Any:
        # Its own lookup takes a lock and makes strings of strings; these are few and stay.
        key = (metric.name, labels)
        known = self._series.get(key)
        if known is None:
            if len(self._series) >= _MOST_SERIES:
                key = (metric.name, labels := (_OTHER,) * len(labels))
            made = self._made[metric.name]
            known = self._series[key] = made.labels(*labels) if labels else made
        return known


def _made(metric: Metric, registry: CollectorRegistry) -> Counter | Histogram:
    if metric.kind == "histogram":
        return Histogram(metric.name, metric.about, metric.labels, registry=registry, buckets=metric.buckets)
    return Counter(metric.name, metric.about, metric.labels, registry=registry)
