"""Structured logs: one line per event, names and numbers, never a token, a text, a QR code or audio."""

import logging
import sys
from typing import Literal, TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from waypost.origin import origin

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

Log = FilteringBoundLogger


def make_log(
    level: Literal["debug", "info", "warning", "error"],
    style: Literal["text", "json"],
    stream: TextIO | None = None,
) -> Log:
    """A logger that writes to `stream` (standard error unless given); nothing global is configured."""
    target = stream or sys.stderr
    # Both renderers show the local variables of a traceback unless told otherwise: tokens, texts, keys.
    plain = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    last: list[structlog.typing.Processor] = (
        [structlog.processors.ExceptionRenderer(plain), structlog.processors.JSONRenderer()]
        if style == "json"
        else [
            structlog.dev.ConsoleRenderer(
                colors=target.isatty(), pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    log: Log = structlog.wrap_logger(
        structlog.PrintLogger(target),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            on_whose_behalf,
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        cache_logger_on_first_use=True,
    )
    return log


def on_whose_behalf(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A processor: the line names the call that it is about, unless it does so already."""
    who = origin()
    if who is not None:
        event.setdefault("request_id", who.request_id)
    return event
