"""What the sandbox is and does: addresses, log, counters."""

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter, SkipValidation

from waypost.sandbox.protocol.network import Network
from waypost.sandbox.views import LogLine, NetworkView, Stats

Net = NamedDependency[SkipValidation[Network]]


@get("/v1/network")
async def describe(
    network: Net, proxy_url: NamedDependency[str], authority_pem: NamedDependency[str]
) -> NetworkView:
    """What an engine needs to come here instead of to WhatsApp."""
    return NetworkView(
        proxy_url=proxy_url,
        ca_pem=authority_pem,
        noise_root_public=network.secrets.root.public,
        media_host=network.media_host,
        web_socket_url=f"wss://{network.media_host}/ws/chat",
    )


@get("/v1/log")
async def log(network: Net, limit: Annotated[int, QueryParameter(ge=1, le=2000)] = 200) -> list[LogLine]:
    """The last stanzas, without their content, and remarks; oldest first."""
    return [LogLine(line.at, line.device, line.way, line.what) for line in list(network.lines)[-limit:]]


@get("/v1/stats")
async def stats(network: Net) -> Stats:
    """Counters since the start."""
    pairing = {id(offer.link) for offer in network.offers.values()}
    return Stats(len(network.online), len(pairing), dict(network.counts))


ROUTES = (describe, log, stats)
