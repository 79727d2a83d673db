"""The endpoints of a gateway as it runs: there is no other list of them."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from waypost.api.endpoint import Endpoint
from waypost.config import Settings
from waypost.gateway import start_gateway
from waypost.telemetry import make_log


async def _of_a_gateway(folder: Path) -> Sequence[Endpoint]:
    settings = Settings(data=folder, port=0, network="sandbox", log_level="error")
    async with start_gateway(settings, log=make_log("error", "text")) as gateway:
        return gateway.endpoints


def endpoints() -> Sequence[Endpoint]:
    """All of them, in the order of the table."""
    with TemporaryDirectory() as folder:
        return asyncio.run(_of_a_gateway(Path(folder)))
