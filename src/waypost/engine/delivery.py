"""Events on their way from a spool to the sink that keeps them."""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec
from structlog.typing import FilteringBoundLogger

from waypost.engine.port import EngineEvent, EventSink
from waypost.engine.spool import SpoolReader

# Never long: somebody may wait for a receipt among them, at another node too, and for so long only.
_RETRY_S: Final = (0.1, 0.5, 1.0)
_decoder: Final = msgspec.msgpack.Decoder(EngineEvent)


class Delivery:
    """Hands one instance's events to `sink`."""

    def __init__(self, sink: EventSink, log: FilteringBoundLogger) -> None:
        self._sink = sink
        self._log = log

    def decoded(self, payloads: Sequence[bytes]) -> list[EngineEvent]:
        """Events out of a spool; what can't be read is left out."""
        events = []
        for payload in payloads:
            try:
                events.append(_decoder.decode(payload))
            except msgspec.DecodeError as error:  # written by a release that knew another shape
                self._log.error("event_unreadable", error=str(error))
        return events

    async def deliver(self, events: Sequence[EngineEvent]) -> None:
        """Until the sink has taken them: the spool is the only other copy."""
        attempt = 0
        while events:
            try:
                return await self._sink.deliver(events)
            except Exception:  # noqa: BLE001 - whatever the sink's trouble is, the events must wait for it
                self._log.exception("events_not_delivered", count=len(events))
            await asyncio.sleep(_RETRY_S[min(attempt, len(_RETRY_S) - 1)])
            attempt += 1

    async def drain(self, reader: SpoolReader) -> None:
        """Deliver everything that lies in a spool which nobody writes any more."""
        while (batch := await asyncio.to_thread(reader.read)).payloads:
            if batch.damaged:
                self._log.warning("spool_damaged", segments=batch.damaged)
            await self.deliver(self.decoded(batch.payloads))
            await asyncio.to_thread(reader.ack, batch)
