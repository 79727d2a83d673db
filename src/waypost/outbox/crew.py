from collections.abc import Awaitable, Callable
from typing import NamedTuple

from waypost.origin import on_behalf_of
from waypost.outbox.entry import Entry
from waypost.outbox.reading import Source
from waypost.outbox.request import Request

Work = Callable[[Entry], Awaitable[None]]


class Crew(NamedTuple):
    """Who does the work of a lane. Each work leaves the entry in the phase that it waits in next."""

    ready: Callable[[], bool]
    source: Source
    canonical: Callable[[str], str]
    renamed: Callable[[str, str], None]
    prepare: Work
    stage: Work
    send: Work
    give_up: Work
    expire: Work
    restricted_until: Callable[[Request], float]
    report: Callable[[Entry, Exception], None]


def in_its_name(work: Work) -> Work:
    """`work` on behalf of the call that the request was accepted with, be it days ago."""

    async def named(entry: Entry) -> None:
        with on_behalf_of(entry.request.origin):
            await work(entry)

    return named
