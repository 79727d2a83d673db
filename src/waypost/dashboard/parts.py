from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from waypost.access.sign_ins import SignIns
from waypost.access.tokens import Tokens
from waypost.api.endpoint import Http
from waypost.api.limits import CallLimits
from waypost.api.links import PublicAddress
from waypost.clock import Clock
from waypost.config import Settings
from waypost.dashboard.cookies import secret_of
from waypost.dashboard.talk import Talk
from waypost.instances.instances import Instances
from waypost.nodes.lease import Node
from waypost.outbox.open_chats import OpenChatStore
from waypost.outbox.outbox import Outbox
from waypost.telemetry import Log
from waypost.webhooks.live import Live
from waypost.webhooks.webhooks import Webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the pages show and change. A page takes what it needs of it.

    `owners` tells which node holds which instance, by instance id; empty where there is one node.
    """

    settings: Settings
    tokens: Tokens
    sign_ins: SignIns
    instances: Instances
    outbox: Outbox
    open_chats: OpenChatStore
    webhooks: Webhooks
    live: Live
    owners: Callable[[], Awaitable[Mapping[str, Node]]]
    talk: Talk
    limits: CallLimits
    address: PublicAddress
    clock: Clock
    log: Log

    def secret(self, http: Http) -> str:
        """The secret of the sign-in that a browser's cookie names; empty where there is none."""
        return secret_of(http, https=self.address.base(http).startswith("https:"))
