import asyncio
import contextlib
import ctypes
import os
import resource
import signal
import socket
import sys
import traceback
from typing import Final

import msgspec
import structlog
from structlog.typing import FilteringBoundLogger

from waypost.engine import wire
from waypost.engine.hosts.whatsmeow.library import Library, LibraryUnusable, load
from waypost.engine.hosts.whatsmeow.redirect import RedirectRefused, redirect
from waypost.errors import ENGINE_UNUSABLE, SANDBOX_UNSUPPORTED
from waypost.telemetry import on_whose_behalf

_PR_SET_PDEATHSIG: Final = 1
_SWITCH_S: Final = 0.0005  # a callback with an event must not wait long for the interpreter


def main() -> None:
    """Run until the gateway closes the socket or dies."""
    parent = socket.socket(fileno=int(sys.argv[1]))
    os.umask(0o077)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # the library prints
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl+C goes to the whole group; the gateway ends us in order
    _die_with_parent()
    _allow_many_files()
    sys.setswitchinterval(_SWITCH_S)
    try:
        asyncio.run(_serve(parent))
    except Exception:  # noqa: BLE001 - whatever it is, this process must end
        traceback.print_exc()
    os._exit(0)  # not by way of joining threads, which may be inside the library for ever


async def _serve(parent: socket.socket) -> None:
    log = _logger()
    reader, stream = await asyncio.open_connection(sock=parent)
    writer = wire.FrameWriter(stream)
    frame = await wire.read_frame(reader)
    if frame is None:
        return
    configure = msgspec.msgpack.decode(frame, type=wire.Configure)
    try:
        library = _library(configure)
    except LibraryUnusable as error:
        await writer.send(wire.Failed(call=configure.call, code=ENGINE_UNUSABLE.code, detail=f"{error}."))
        return
    except RedirectRefused as error:
        await writer.send(wire.Failed(call=configure.call, code=SANDBOX_UNSUPPORTED.code, detail=f"{error}."))
        return
    ready = msgspec.msgpack.encode(wire.Ready(version=library.version, pid=os.getpid()))
    await writer.send(wire.Done(call=configure.call, result=msgspec.Raw(ready)))
    # Only now: these modules need the library's protobufs, which `load` makes importable.
    from waypost.engine.hosts.whatsmeow.program import Program

    await Program(library, configure, writer, log).serve(reader)


def _library(configure: wire.Configure) -> Library:
    library = load()
    if configure.network == "sandbox":
        redirect(library.path, configure.noise_root or b"")  # never without: it would speak to WhatsApp
    return library


def _allow_many_files() -> None:
    """Each session has about five descriptors, and each start leaves two behind in the library."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS allows fewer than its hard limit says
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _die_with_parent() -> None:
    """On Linux the kernel ends this process with the gateway, even while it is stuck; elsewhere the end of
    the stream does."""
    if sys.platform.startswith("linux"):
        parent = os.getppid()
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(0)


def _logger() -> FilteringBoundLogger:
    log: FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            on_whose_behalf,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
    )
    return log
