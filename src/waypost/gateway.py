"""The composition root: everything that a gateway is made of, put together once.

`waypost serve`, the demo and the tests all start this, on port 0 where any free port will do. What is entered
last ends first: no call is accepted any more, then sends finish, then sessions are closed, then the database.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from litestar import Litestar

from waypost.access.tokens import Tokens
from waypost.api.account_api import AccountApi
from waypost.api.app import Doors, make_app
from waypost.api.body import BodyReader
from waypost.api.chats_api import ChatsApi
from waypost.api.endpoint import Endpoint
from waypost.api.groups_api import GroupsApi
from waypost.api.instances_api import InstancesApi, waiting_for
from waypost.api.limits import CallLimits
from waypost.api.links import PublicAddress
from waypost.api.media_api import MediaDesk
from waypost.api.metrics_api import MetricsDesk
from waypost.api.otp_api import OtpApi
from waypost.api.pairing_api import PairingApi
from waypost.api.queued import Queued
from waypost.api.server import listen, serving
from waypost.api.tokens_api import TokensApi
from waypost.api.watch import Calls
from waypost.api.writes import Writes
from waypost.chatting import Chatting
from waypost.clock import Clock, SystemClock
from waypost.config import Settings
from waypost.engine.port import Engine
from waypost.engine.supervisor import Supervisor
from waypost.instances.account_events import AccountEvents
from waypost.instances.asking import Asking, answering
from waypost.instances.choices import outbox_settings, policy_of
from waypost.instances.contacts import Contacts
from waypost.instances.group_sizes import GroupSizes
from waypost.instances.incoming import Incoming
from waypost.instances.instances import Instances
from waypost.instances.lids import Lids
from waypost.instances.messages import forget_old
from waypost.instances.neighbours import Neighbours
from waypost.instances.register import Register
from waypost.instances.sessions import Sessions
from waypost.instances.state import InstanceState
from waypost.media.blobs import LocalBlobs
from waypost.media.fresh import FreshUploads
from waypost.media.shared_blobs import SharedBlobs
from waypost.networks import Networks
from waypost.nodes.settings import TenancySettings
from waypost.operations import WRITES
from waypost.operations.code_message import code_message
from waypost.operations.executor import OperationExecutor
from waypost.operations.kind import AnyWrite
from waypost.operations.resources import Resources
from waypost.operations.text_sender import TextSender
from waypost.otp.desk import OtpDesk
from waypost.otp.hearing import Hearing
from waypost.outbox.outbox import Outbox
from waypost.publishing import Publishing
from waypost.showing import showing, talking
from waypost.storage.blobs import InlineBlobs, Uploads
from waypost.storage.chats import SqlChats
from waypost.storage.contacts import SqlContacts
from waypost.storage.database import Database
from waypost.storage.folder_lock import locked
from waypost.storage.instances import SqlInstances
from waypost.storage.lids import SqlLids
from waypost.storage.messages import SqlMessages
from waypost.storage.open_chats import SqlOpenChats
from waypost.storage.opening import Storage, opened
from waypost.storage.otp import SqlOtps
from waypost.storage.tokens import SqlTokens
from waypost.telemetry import Log, make_log
from waypost.watching import table
from waypost.watching.watching import Watching, watching_of
from waypost.workers.pool import WorkerPool
from waypost.workplace import (
    address_of,
    egress,
    engine_settings,
    keep_sweeping,
    node_of,
    voice_pool,
    workshop,
)


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway: where it answers, and the admin token where one was made at this start."""

    url: str
    new_admin_token: str | None
    instances: Instances
    outbox: Outbox
    engine: Engine
    endpoints: Sequence[Endpoint]

    def __repr__(self) -> str:
        """The address alone: the token is a secret."""
        return f"Gateway({self.url})"


@contextlib.asynccontextmanager
async def start_gateway(
    settings: Settings,
    *,
    clock: Clock | None = None,
    log: Log | None = None,
    writes: Sequence[AnyWrite] = WRITES,
    further: Callable[[BodyReader], Sequence[Endpoint]] = lambda _: (),
) -> AsyncIterator[Gateway]:
    """Run a gateway while the context lasts. `writes` are the operations that it offers; `further` endpoints
    beside the API's are for measurements.

    Raises ConfigError, and StorageError: the data folder is in use (DATA_FOLDER_BUSY), unusable, or the port
    is taken (PORT_TAKEN).
    """
    clock = clock or SystemClock()
    log = log or make_log(settings.log_level, settings.log_format)
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(locked(settings.data))
        listener = listen(settings.host, settings.port)
        stack.callback(listener.close)
        own = address_of(listener)
        watching = await stack.enter_async_context(watching_of(settings, clock, log))
        storage = await stack.enter_async_context(opened(settings, watching.counts.committed))
        database = storage.database
        tokens = Tokens(SqlTokens(database), clock, settings.admin_token)
        new_admin_token = await _first_admin_token(tokens, settings)
        house = await _furnish(stack, settings, writes, storage, own, clock, log, watching)
        app, draining, endpoints = _api(settings, house, tokens, database, own, clock, log, further, watching)
        await stack.enter_async_context(serving(app, listener, settings.drain_seconds))
        house.voice.warm_soon()
        # Calls that wait for a request are answered at once when the gateway stops.
        stack.push_async_callback(house.outbox.drain)
        if house.neighbours is not None:
            # Calls are still taken, for whoever holds their instance next.
            stack.push_async_callback(house.neighbours.drain)
        stack.callback(draining.set)
        stack.callback(house.publishing.live.close)
        yield Gateway(
            url=f"http://{own}",
            new_admin_token=new_admin_token,
            instances=house.instances,
            outbox=house.outbox,
            engine=house.engine,
            endpoints=endpoints,
        )


@dataclass(frozen=True, slots=True)
class _House:
    """The parts that the HTTP side is built on."""

    writes: Sequence[AnyWrite]
    resources: Resources
    instances: Instances
    sessions: Sessions
    outbox: Outbox
    engine: Engine
    blobs: LocalBlobs | SharedBlobs
    fresh: FreshUploads
    voice: WorkerPool
    neighbours: Neighbours | None
    otp: OtpDesk
    chatting: Chatting
    publishing: Publishing
    asking: Asking
    networks: Networks


async def _furnish(
    stack: contextlib.AsyncExitStack,
    settings: Settings,
    writes: Sequence[AnyWrite],
    storage: Storage,
    own: str,
    clock: Clock,
    log: Log,
    watching: Watching,
) -> _House:
    """Everything below the API, started in the order in which it leans on each other."""
    database = storage.database
    engine: Engine
    outbox: Outbox
    local = LocalBlobs(settings.data / "blobs")
    stack.callback(local.close)
    blobs = local if storage.depot is None else SharedBlobs(local, storage.depot)
    fresh = FreshUploads()
    messages = SqlMessages(database)
    contacts = Contacts(SqlContacts(database), Lids(SqlLids(database)), clock)
    store = SqlInstances(database)
    # Closed by a stack of its own, since it is entered when a session is first opened.
    networks = Networks(await stack.enter_async_context(contextlib.AsyncExitStack()), settings.sandbox_url)
    neighbours = None
    if storage.nodes is not None:
        neighbours = Neighbours(
            storage.nodes,
            store,
            lambda: register,
            clock,
            log,
            answering(lambda instance_id: engine.session(instance_id)),
            lambda instance_id: publishing.told(instance_id),
        )
    stores = None
    if neighbours is not None and storage.sessions is not None:
        stores = storage.sessions(neighbours.epoch_of)

    def changed(instance_id: str) -> None:
        outbox.wake(instance_id)
        publishing.announcer.changed(instance_id)
        if neighbours is not None:
            neighbours.elsewhere.changed(instance_id)

    register = Register(clock, changed, lambda instance_id: outbox.pacing_changed(instance_id))
    sessions = Sessions(store, lambda: engine, networks, register, log, alone=neighbours is None)
    publishing = Publishing(settings, database, sessions.holds, lambda: register, clock, log, watching)
    instances = Instances(
        store,
        sessions,
        register,
        clock,
        lambda instance_id: outbox.drop_instance(instance_id),
        None if neighbours is None else neighbours.others,
    )
    voice = await stack.enter_async_context(voice_pool(settings))
    group_sizes = GroupSizes(clock)
    resources = Resources(
        session_of=lambda instance_id: engine.session(instance_id),
        contacts=contacts,
        messages=messages,
        chats=SqlChats(database),
        uploads=Uploads(fresh, InlineBlobs(database), blobs),
        fetcher=egress(stack, settings),
        converter=watching.converter(voice),
        workshop=await asyncio.to_thread(workshop, settings.data / "workshop"),
        clock=clock,
        log=log,
        group_sizes=group_sizes,
        keep=lambda request, path: chatting.own_files.keep(request.instance_id, request.uuid, path),
    )
    otp = OtpDesk(
        SqlOtps(database),
        lambda: TextSender(outbox),
        contacts.lids,
        publishing.poster,
        clock,
        random.SystemRandom(),
        log,
    )
    chatting = Chatting(
        database,
        settings,
        Hearing(otp.links, publishing.journal, log),
        contacts,
        register.find,
        sessions.holds,
        resources.session_of,
        lambda: TextSender(outbox),
        blobs,
        resources.workshop,
        settings.public_url or f"http://{own}",
        clock,
        log,
    )
    everything = [*writes, code_message(otp.codes.code_of)]
    executor = watching.executor(
        OperationExecutor(everything, resources, lambda instance_id: waiting_for(instances, instance_id))
    )
    outbox = Outbox(
        watching.requests(database, publishing.endings, chatting.own_messages.wake),
        SqlOpenChats(database),
        blobs,
        executor,
        clock,
        random.SystemRandom(),
        outbox_settings(settings),
        log,
        policy=policy_of(settings, register.find),
    )
    incoming = Incoming(
        register,
        sessions,
        chatting.arrivals,
        outbox,
        contacts,
        AccountEvents(contacts, publishing.journal.publish, sessions.on_named),
        group_sizes.hear,
    )
    supervisor = Supervisor(engine_settings(settings), watching.sink(incoming), sessions, clock, log, stores)
    engine = supervisor
    watching.look_at(database, register, sessions.holds, outbox, supervisor, lambda: voice.pids, neighbours)
    # Before the engine brings what lies in the spools: events of an instance that nobody knows are let go.
    for instance in await store.list():
        register.add(instance)
    for part in (publishing.running(), chatting.running(), supervisor, outbox.running(), sessions.running()):
        await stack.enter_async_context(part)
    if neighbours is not None:
        tenancy = TenancySettings(drain=settings.drain_seconds + 3.0)
        node = node_of(settings, own, clock)
        neighbours.furnish(outbox, sessions, instances, supervisor, node, tenancy)
        await stack.enter_async_context(neighbours.running())
    old_messages = partial(forget_old, messages, settings.keep_messages_seconds, clock, log)
    further = [] if storage.sweeping is None else [partial(storage.sweeping, log)]
    keep_sweeping(stack, resources.workshop, clock, log, old_messages, *further)
    await stack.enter_async_context(otp.running())
    return _House(
        writes=writes,
        resources=resources,
        instances=instances,
        sessions=sessions,
        outbox=outbox,
        engine=engine,
        blobs=blobs,
        fresh=fresh,
        voice=voice,
        neighbours=neighbours,
        otp=otp,
        chatting=chatting,
        publishing=publishing,
        asking=Asking(
            lambda instance_id: engine.session(instance_id),
            lambda instance_id: register.condition(instance_id).state is InstanceState.WORKING,
            sessions.holds,
            None if neighbours is None else neighbours.others.desk,
        ),
        networks=networks,
    )


def _api(
    settings: Settings,
    house: _House,
    tokens: Tokens,
    database: Database,
    own: str,
    clock: Clock,
    log: Log,
    further: Callable[[BodyReader], Sequence[Endpoint]],
    watching: Watching,
) -> tuple[Litestar, asyncio.Event, Sequence[Endpoint]]:
    """The HTTP application with its endpoints; set the event when the gateway begins to stop."""
    draining = asyncio.Event()
    address = PublicAddress(settings.public_url, settings.trusted_proxies, own)
    limits = settings.upload_max_bytes, settings.inline_max_bytes, settings.body_seconds
    bodies = BodyReader(house.blobs, *limits, house.fresh, house.resources.workshop)
    accepts = partial(watching.counts.add, table.ACCEPTS)
    endpoints = [
        *Writes(house.outbox, bodies, address, settings.wait_max_seconds, accepts).endpoints(house.writes),
        *Queued(house.outbox, settings.wait_max_seconds).endpoints(),
        *AccountApi(house.resources.contacts, house.asking, bodies).endpoints(),
        *PairingApi(house.instances, settings).endpoints(),
        *InstancesApi(house.instances, tokens, bodies, settings, house.publishing.webhooks).endpoints(),
        *house.publishing.endpoints(bodies, tokens),
        *TokensApi(tokens, house.instances, bodies).endpoints(),
        *GroupsApi(house.asking).endpoints(),
        *OtpApi(house.otp.codes, house.otp.links, bodies).endpoints(),
        *ChatsApi(house.chatting.history).endpoints(),
        *further(bodies),
    ]

    def readiness() -> str | None:
        if draining.is_set():
            return "The gateway is stopping."
        if not database.healthy:
            return "The database can't be written."
        if house.neighbours is not None and not house.neighbours.in_touch:
            return "The database could not be reached lately: this node holds no instance."
        return None

    doors = Doors(
        tokens=tokens,
        instances=house.instances,
        limits=CallLimits(clock),
        address=address,
        readiness=readiness,
        log=log,
        watch=Calls(watching.counts, watching.tracer, clock),
    )
    media = MediaDesk(house.chatting.links, house.chatting.media, house.blobs, settings.data / "workshop")
    metrics = MetricsDesk(watching.page.text, tokens, settings)
    talk = talking(settings, house, endpoints)
    pages = showing(settings, doors, database, house.outbox, house.publishing, house.neighbours, talk, clock)
    return make_app(doors, endpoints, [media.handler(), metrics.handler(), *pages]), draining, endpoints


async def _first_admin_token(tokens: Tokens, settings: Settings) -> str | None:
    """An admin token where there is none yet; its text is told this once."""
    issued = None if settings.admin_token else await tokens.issue_first_admin()
    return None if issued is None else issued.text
