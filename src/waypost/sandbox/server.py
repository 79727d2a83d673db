"""The composition of a sandbox: used unchanged by tests, `waypost sandbox serve` and the demo."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import msgspec

from waypost.clock import Clock, SystemClock
from waypost.sandbox import listener
from waypost.sandbox.contacts import births, worker
from waypost.sandbox.control.app import control_app
from waypost.sandbox.failures import Failures
from waypost.sandbox.media import http
from waypost.sandbox.media.files import MediaFiles
from waypost.sandbox.protocol import connection
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.proxy import proxying
from waypost.sandbox.settings import SandboxSettings
from waypost.sandbox.state import failures, folder, queue, secrets
from waypost.sandbox.state.store import Store
from waypost.sandbox.tls import open_trust
from waypost.sandbox.views import Failure
from waypost.sandbox.wire import certificate
from waypost.sandbox.wire.curve import Randomness
from waypost.telemetry import Log, make_log

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_CHAIN_SECONDS: Final = 10 * 365 * 86400
_DAY: Final = 86400
_SEEN_SECONDS: Final = 7 * _DAY
"""Clients repeat a frame within seconds."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox: the addresses to use, and its insides for tests."""

    control_url: str
    proxy_url: str
    media_host: str
    network: Network


@contextlib.asynccontextmanager
async def start_sandbox(
    settings: SandboxSettings,
    *,
    clock: Clock | None = None,
    randomness: Randomness = os.urandom,
    log: Log | None = None,
) -> AsyncIterator[Sandbox]:
    """Run a sandbox while the context lasts. OSError: a port is taken; SandboxError, StorageError: the data
    folder is unusable."""
    clock, log = clock or SystemClock(), log or make_log("warning", "text")
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(folder.held(settings.data))
        media_folder = settings.data / "media"
        await asyncio.to_thread(media_folder.mkdir, exist_ok=True, mode=0o700)
        store = await stack.enter_async_context(Store(settings.data / "sandbox.db"))
        trust = await asyncio.to_thread(open_trust, settings.data, clock.now(), settings.host)
        front = stack.enter_context(contextlib.closing(listener.bind(settings.host, settings.control_port)))
        back = stack.enter_context(contextlib.closing(listener.bind(settings.host, settings.network_port)))
        back_port = listener.port_of(back)
        media_host = f"{settings.host}:{back_port}"
        network = await _network(
            settings, clock, randomness, store, media_host, log or make_log("warning", "text")
        )
        proxy_port = await stack.enter_async_context(proxying(settings.host, settings.proxy_port, back_port))
        proxy_url = f"http://{settings.host}:{proxy_port}"
        await stack.enter_async_context(_playing(network))
        control = control_app(network, proxy_url, trust.authority_pem)
        await stack.enter_async_context(
            listener.serving(
                listener.Listener(_app(network), back, trust.leaf, settings.frame_limit),
                listener.Listener(control, front),
            )
        )
        stack.push_async_callback(_end_waiting, network)
        control_url = f"http://{settings.host}:{listener.port_of(front)}"
        network.log.info("sandbox.started", control=control_url, proxy=proxy_url)
        yield Sandbox(control_url, proxy_url, media_host, network)


async def _network(
    settings: SandboxSettings, clock: Clock, randomness: Randomness, store: Store, media_host: str, log: Log
) -> Network:
    known = await store.run(lambda rows: secrets.open_secrets(rows, randomness))
    records = await store.run(failures.every)
    now = int(clock.now())
    network = Network(
        settings=settings,
        clock=clock,
        randomness=randomness,
        store=store,
        secrets=known,
        chain=certificate.issue(
            known.root, known.static.public, now - _DAY, now + _CHAIN_SECONDS, randomness
        ),
        media=MediaFiles(settings.data / "media", settings.media_limit),
        failures=Failures(
            store, randomness, [msgspec.json.decode(record, type=Failure) for record in records]
        ),
        media_host=media_host,
        log=log,
    )
    if settings.seeded:
        await store.run(lambda rows: births.seed(rows, network))
    return network


def _app(network: Network) -> Callable[[Mapping[str, Any], Receive, Send], Awaitable[None]]:
    async def app(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await http.serve(network, scope, receive, send)
        elif scope["path"] == "/ws/chat":
            await connection.serve(network, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})

    return app


@contextlib.asynccontextmanager
async def _playing(network: Network) -> AsyncIterator[None]:
    tasks = [
        asyncio.create_task(worker.play(network), name="sandbox-parties"),
        asyncio.create_task(_tidy(network), name="sandbox-tidying"),
    ]
    for task in tasks:
        task.add_done_callback(partial(_report, network))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for link in list(network.links):
            link.drop()


async def _end_waiting(network: Network) -> None:
    async with network.inbox:
        network.stopping = True
        network.inbox.notify_all()


async def _tidy(network: Network) -> None:
    while True:
        await network.store.run(lambda rows: queue.forget_seen(rows, network.clock.now() - _SEEN_SECONDS))
        await asyncio.sleep(network.settings.tidy_every)


def _report(network: Network, task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        network.log.error("sandbox.task_stopped", task=task.get_name(), exc_info=error)
