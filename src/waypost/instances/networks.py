from typing import Protocol

from waypost.engine.port import Network
from waypost.instances.instance import NetworkName


class Networks(Protocol):
    """Tells how each network is reached."""

    async def get(self, name: NetworkName) -> Network:
        """The network as the engine needs it. Raises EngineError(SANDBOX_UNREACHABLE)."""
        ...
