from types import TracebackType
from typing import Self

import httpx

from waypost.client.answers import TRIES
from waypost.client.async_gateway import AsyncGateway
from waypost.client.async_instance import AsyncInstance
from waypost.client.awaiting import AsyncConnection
from waypost.client.gateway import Gateway
from waypost.client.instance import Instance
from waypost.client.waiting import Connection


class Waypost(Gateway):
    """A gateway at `base_url`, as whoever has `token` sees it. `http`: your own client, for proxies or
    certificates; it stays yours to close. `tries`: how often a call is made at most that may be repeated."""

    def __init__(
        self, base_url: str, token: str, http: httpx.Client | None = None, tries: int = TRIES
    ) -> None:
        super().__init__(Connection(base_url, token, http, tries))

    def instance(self, instance_id: str) -> Instance:
        """The calls of one instance."""
        return Instance(self._connection, instance_id)

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncWaypost(AsyncGateway):
    """A gateway at `base_url`, for asyncio; see `Waypost`."""

    def __init__(
        self, base_url: str, token: str, http: httpx.AsyncClient | None = None, tries: int = TRIES
    ) -> None:
        super().__init__(AsyncConnection(base_url, token, http, tries))

    def instance(self, instance_id: str) -> AsyncInstance:
        """The calls of one instance."""
        return AsyncInstance(self._connection, instance_id)

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
