"""The gateway's side of one worker process."""

import asyncio
import os
import signal
import socket
import sys
from contextlib import suppress
from typing import Final

import msgspec

from waypost.errors import INTERNAL, TABLE, TOO_COSTLY, VOICE_WORKER_DIED, VoiceError
from waypost.media.limits import MediaLimits
from waypost.voice.limits import Limits
from waypost.workers.protocol import (
    LENGTH_BYTES,
    Answer,
    AnyJob,
    Failed,
    Made,
    Progress,
    Ready,
    Setup,
    length_of,
    pack,
    unpack_answer,
)

_KEPT_VARIABLES: Final = (
    "PATH",
    "LANG",
    "LC_ALL",
    "PYTHONPATH",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "TZ",
)
"""Of the environment; a worker must not hold the gateway's settings, which are secrets in part."""


class WorkerGone(Exception):
    """The worker had ended before the job reached it, so the job is not to blame."""


class WorkerProcess:
    """A worker that is ready, or converting. Made by `start`; not for two jobs at a time."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        limits: Limits,
    ) -> None:
        self.jobs = 0
        """How many it was given."""
        self.networkless = False
        """Whether the kernel took its network away."""
        self._process = process
        self._reader = reader
        self._writer = writer
        self._limits = limits
        self._spent = False

    @classmethod
    async def start(cls, limits: Limits, media: MediaLimits) -> "WorkerProcess":
        """Start a worker and wait until it is warm. VoiceError(INTERNAL) when it can't.

        It inherits nothing but its end of a socket pair: no other descriptor, no settings.
        """
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                process = await _spawn(theirs)
        except BaseException as error:
            ours.close()
            if isinstance(error, OSError):
                raise VoiceError(INTERNAL, "A converter could not be started.") from error
            raise
        ours.setblocking(False)
        try:
            reader, writer = await asyncio.open_unix_connection(sock=ours)
        except BaseException:
            ours.close()
            process.kill()
            raise
        worker = cls(process, reader, writer, limits)
        try:
            await worker._greet(media)
        except BaseException:
            await worker.kill()
            raise
        return worker

    @property
    def pid(self) -> int:
        """For memory figures."""
        return self._process.pid

    @property
    def usable(self) -> bool:
        """Whether another job may be given to it."""
        return not self._spent and self._process.returncode is None and not self._reader.at_eof()

    async def run(self, job: AnyJob) -> Made:
        """Do a job. Afterwards ask `usable`; `kill` it when it is not.

        Raises VoiceError: what the worker found, TOO_COSTLY when it was stuck or over its limits,
        VOICE_WORKER_DIED; WorkerGone when it had died before.
        """
        self.jobs += 1
        try:
            async with asyncio.timeout(self._limits.wall_seconds):
                self._writer.write(pack(job))
                try:
                    await self._answer()
                except (OSError, EOFError) as error:
                    raise WorkerGone from error
                while isinstance(answer := await self._answer(), Progress):
                    pass
        except TimeoutError as error:
            self._spent = True
            raise VoiceError(TOO_COSTLY, "It takes too long.") from error
        except (OSError, EOFError, ValueError, msgspec.MsgspecError) as error:
            self._spent = True
            raise await self._post_mortem() from error
        return self._result(answer)

    def spend(self) -> None:
        """Not to be used again."""
        self._spent = True

    async def kill(self) -> None:
        """End it now, and wait until the kernel has."""
        self._spent = True
        self._writer.close()
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
        await self._process.wait()

    async def _greet(self, media: MediaLimits) -> None:
        try:
            self._writer.write(pack(Setup(self._limits, media)))
            answer = await self._answer()
        except (OSError, EOFError, ValueError, msgspec.MsgspecError) as error:
            # A TimeoutError is an OSError.
            raise VoiceError(INTERNAL, "A converter did not start.") from error
        if isinstance(answer, Ready):
            self.networkless = answer.networkless

    async def _answer(self) -> Answer:
        """The next message; TimeoutError when the worker says nothing for too long."""
        async with asyncio.timeout(self._limits.stall_seconds):
            length = length_of(await self._reader.readexactly(LENGTH_BYTES))
            return unpack_answer(await self._reader.readexactly(length))

    def _result(self, answer: Answer) -> Made:
        if isinstance(answer, Made):
            return answer
        self._spent = not isinstance(answer, Failed) or answer.last
        if isinstance(answer, Failed) and answer.code in TABLE:
            raise VoiceError(TABLE[answer.code], answer.detail, **answer.facts)
        raise VoiceError(VOICE_WORKER_DIED)

    async def _post_mortem(self) -> VoiceError:
        """Why the worker left in the middle of a job."""
        await self.kill()
        if self._process.returncode == -signal.SIGXCPU:
            return VoiceError(TOO_COSTLY, "It needs too much time.")
        return VoiceError(VOICE_WORKER_DIED)


async def _spawn(channel: socket.socket) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "waypost.workers.worker",
        str(os.getpid()),
        stdin=channel.fileno(),
        stdout=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
        close_fds=True,
    )
