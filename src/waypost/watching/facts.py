"""What is looked up for each page of metrics rather than counted: each source gives facts, the page shows
them."""

from collections.abc import Awaitable, Callable, Iterable, Iterator

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as PrometheusMetric
from prometheus_client.registry import Collector

from waypost.errors import WaypostError
from waypost.telemetry import Log
from waypost.watching.table import LOOKED_UP, Metric


class Fact(msgspec.Struct, frozen=True):
    """The value of a metric at these labels."""

    metric: Metric
    value: float
    labels: tuple[str, ...] = ()


Source = Callable[[], Awaitable[Iterable[Fact]]]


class Page(Collector):
    """The page of metrics: what `registry` counts, and the facts of all sources as they are now."""

    def __init__(self, registry: CollectorRegistry, log: Log) -> None:
        self._registry = registry
        self._log = log
        self._sources: list[Source] = []
        self._facts: list[Fact] = []
        registry.register(self)

    def add(self, *sources: Source) -> None:
        """Ask these too. One that fails leaves its metrics out of the page."""
        self._sources += sources

    async def text(self) -> bytes:
        """The page in Prometheus's text format."""
        facts: list[Fact] = []
        for source in self._sources:
            try:
                facts += await source()
            except (WaypostError, OSError) as error:
                self._log.warning("metrics_incomplete", error=type(error).__name__)
        self._facts = facts
        return generate_latest(_Shown(self._registry))

    def describe(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """What may come, so that registering asks nobody."""
        return (_family(metric) for metric in LOOKED_UP)

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """The facts of this page."""
        families = {metric.name: _family(metric) for metric in LOOKED_UP}
        for fact in self._facts:
            families[fact.metric.name].add_metric(fact.labels, fact.value)
        return (family for family in families.values() if family.samples)


class _Shown(CollectorRegistry):
    """A registry without the times at which its series began, which nobody asks for and are half of it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__()
        self._all = registry

    def collect(self) -> Iterator[PrometheusMetric]:
        """All families."""
        for family in self._all.collect():
            family.samples = [one for one in family.samples if not one.name.endswith("_created")]
            yield family


def _family(metric: Metric) -> GaugeMetricFamily | CounterMetricFamily:
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    return kind(metric.name, metric.about, labels=metric.labels)
