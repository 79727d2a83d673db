"""The dashboard, put together once for the composition root."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from litestar.handlers import HTTPRouteHandler

from waypost.access.sign_ins import SignIns
from waypost.api.app import Doors
from waypost.api.endpoint import Endpoint
from waypost.chatting import Chatting
from waypost.clock import Clock
from waypost.config import Settings
from waypost.dashboard.dashboard import dashboard
from waypost.dashboard.group_names import GroupNames
from waypost.dashboard.parts import Parts
from waypost.dashboard.previews import Previews
from waypost.dashboard.talk import Talk, writes_of
from waypost.handset import SandboxHandset
from waypost.instances.asking import Asking
from waypost.instances.neighbours import Neighbours
from waypost.networks import Networks
from waypost.nodes.lease import Node
from waypost.operations.resources import Resources
from waypost.outbox.outbox import Outbox
from waypost.publishing import Publishing
from waypost.storage.database import Database
from waypost.storage.open_chats import SqlOpenChats
from waypost.storage.sign_ins import SqlSignIns
from waypost.workers.pool import WorkerPool


class House(Protocol):
    """The parts of a gateway that conversations are made of."""

    @property
    def chatting(self) -> Chatting: ...
    @property
    def resources(self) -> Resources: ...
    @property
    def voice(self) -> WorkerPool: ...
    @property
    def networks(self) -> Networks: ...
    @property
    def asking(self) -> Asking: ...


def talking(settings: Settings, house: House, endpoints: Sequence[Endpoint]) -> Talk:
    """What the pages of conversations are made of."""
    resources = house.resources
    previews = Previews(house.voice, resources.fetcher, resources.workshop, settings.upload_max_bytes)
    return Talk(
        conversation=house.chatting.conversation,
        history=house.chatting.history,
        previews=previews,
        handset=SandboxHandset(house.networks.sandbox),
        group_names=GroupNames(house.asking, resources.clock),
        writes=writes_of(endpoints),
    )


def showing(
    settings: Settings,
    doors: Doors,
    database: Database,
    outbox: Outbox,
    publishing: Publishing,
    neighbours: Neighbours | None,
    talk: Talk,
    clock: Clock,
) -> list[HTTPRouteHandler]:
    """The routes of the dashboard."""

    async def owners() -> Mapping[str, Node]:
        return {} if neighbours is None else await neighbours.owners()

    parts = Parts(
        settings=settings,
        tokens=doors.tokens,
        sign_ins=SignIns(SqlSignIns(database), doors.tokens, clock),
        instances=doors.instances,
        outbox=outbox,
        open_chats=SqlOpenChats(database),
        webhooks=publishing.webhooks,
        live=publishing.live,
        owners=owners,
        talk=talk,
        limits=doors.limits,
        address=doors.address,
        clock=clock,
        log=doors.log,
    )
    return dashboard(parts)
