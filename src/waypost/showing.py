"""The dashboard, put together once for the composition root."""

from collections.abc import Mapping

from litestar.handlers import HTTPRouteHandler

from waypost.access.sign_ins import SignIns
from waypost.api.app import Doors
from waypost.clock import Clock
from waypost.config import Settings
from waypost.dashboard.dashboard import dashboard
from waypost.dashboard.parts import Parts
from waypost.instances.neighbours import Neighbours
from waypost.outbox.outbox import Outbox
from waypost.publishing import Publishing
from waypost.storage.database import Database
from waypost.storage.open_chats import SqlOpenChats
from waypost.storage.sign_ins import SqlSignIns


def showing(
    settings: Settings,
    doors: Doors,
    database: Database,
    outbox: Outbox,
    publishing: Publishing,
    neighbours: Neighbours | None,
    clock: Clock,
) -> list[HTTPRouteHandler]:
    """The routes of the dashboard."""

    async def owners() -> Mapping[str, str]:
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
        limits=doors.limits,
        address=doors.address,
        clock=clock,
        log=doors.log,
    )
    return dashboard(parts)
