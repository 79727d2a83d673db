"""OpenTelemetry, where an endpoint is named: spans go there in batches, by OTLP over HTTP.

Its packages are an extra (`waypost[otel]`) and are imported only then. All settings are OpenTelemetry's own
variables (OTEL_EXPORTER_OTLP_ENDPOINT, …_HEADERS, OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER), which its SDK
reads. Nothing is registered globally.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import waypost
from waypost.config import ConfigError
from waypost.telemetry import Log
from waypost.watching.spans import Attributes, NoTracer, Span, Tracer

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_NAME: Final = "OTEL_SERVICE_NAME"
_ATTRIBUTES: Final = "OTEL_RESOURCE_ATTRIBUTES"
_CLOSE_SECONDS: Final = 3.0
_LOGGER: Final = "opentelemetry"


def tracer_of(environ: Mapping[str, str], log: Log) -> Tracer:
    """What makes traces, by OpenTelemetry's variables; none where no endpoint is named. Raises ConfigError
    when its packages are missing.
    """
    named = next((name for name in _ENDPOINTS if environ.get(name)), None)
    if named is None or environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return NoTracer()
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise ConfigError(
            [f"{named}: traces need packages that are not installed: pip install 'waypost[otel]'."]
        ) from None
    about = {"service.version": waypost.__version__}
    if not environ.get(_NAME) and "service.name=" not in environ.get(_ATTRIBUTES, ""):
        about["service.name"] = "waypost"
    provider = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return OtelTracer(provider, log)


class OtelTracer:
    """Implements `spans.Tracer`."""

    active = True

    def __init__(self, provider: "TracerProvider", log: Log) -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer("waypost", waypost.__version__)
        self._propagator = TraceContextTextMapPropagator()
        self._complaints = _Complaints(log)
        logging.getLogger(_LOGGER).addHandler(self._complaints)

    @contextlib.contextmanager
    def span(self, name: str, parent: str | None, attributes: Attributes) -> Iterator[Span]:
        """A span while the context lasts."""
        made = self._tracer.start_span(name, self._context(parent), attributes=dict(attributes))
        try:
            yield _OtelSpan(made, self._name(made))
        finally:
            made.end()

    def past(self, name: str, parent: str, began: float, ended: float, attributes: Attributes) -> None:
        """A span of what has been."""
        made = self._tracer.start_span(
            name, self._context(parent), attributes=dict(attributes), start_time=_ns(began)
        )
        made.end(_ns(max(began, ended)))

    async def close(self) -> None:
        """Send what was not sent yet, as far as somebody takes it in a few seconds."""
        loop, sent = asyncio.get_running_loop(), asyncio.Event()

        def shut_down() -> None:
            self._provider.shutdown()
            with contextlib.suppress(RuntimeError):  # nobody waits any more
                loop.call_soon_threadsafe(sent.set)

        # For a collector that is away it takes most of a minute, and nothing can cut it short but the
        # process's own end, for which a daemon does not wait.
        threading.Thread(target=shut_down, name="traces", daemon=True).start()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await sent.wait()
        logging.getLogger(_LOGGER).removeHandler(self._complaints)

    def _context(self, parent: str | None) -> Any:
        from opentelemetry.context import Context

        nothing = Context()
        if parent is None:
            return nothing
        return self._propagator.extract({"traceparent": parent}, context=nothing)

    def _name(self, span: Any) -> str:
        context = span.get_span_context()
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


class _Complaints(logging.Handler):
    """What the SDK says in Python's own log, as lines of ours. Its sentences without what it fills in, which
    may be an address with a key."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """One line; called in the SDK's threads."""
        self._log.warning("traces_not_sent", said=str(record.msg))


class _OtelSpan:
    def __init__(self, span: Any, traceparent: str) -> None:
        self._span = span
        self.traceparent: str | None = traceparent

    def add(self, **attributes: str | int) -> None:
        """Say more of it."""
        self._span.set_attributes(attributes)

    def fail(self, code: str) -> None:
        """It failed with that code."""
        from opentelemetry.trace import Status, StatusCode

        self._span.set_attribute("error.type", code)
        self._span.set_status(Status(StatusCode.ERROR, code))


def _ns(at: float) -> int:
    return int(at * 1e9)
