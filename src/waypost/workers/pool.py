"""Workers, as many as there are CPUs for them: started when needed, replaced when one dies, ended when
idle."""

import asyncio
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from waypost.clock import Clock, SystemClock
from waypost.errors import (
    DRAINING,
    INTERNAL,
    MEDIA_WORKER_DIED,
    QUEUE_FULL,
    VOICE_WORKER_DIED,
    MediaError,
    VoiceError,
)
from waypost.media.film import Film
from waypost.media.limits import MediaLimits
from waypost.media.page import Page
from waypost.media.picture import Picture, Use
from waypost.voice.limits import Limits
from waypost.voice.note import Note, part_of
from waypost.workers.cpus import cpu_share, worker_count
from waypost.workers.process import WorkerGone, WorkerProcess
from waypost.workers.protocol import (
    AnyJob,
    Done,
    Filmed,
    FilmJob,
    Job,
    Made,
    Paged,
    PageJob,
    Pictured,
    PictureJob,
)
from waypost.workers.turns import Turns

MOST_WAITING: Final = 1024
"""Conversions that may wait for a worker; more than the outbox prepares ahead on any node."""

LONG_BYTES: Final = 1024 * 1024
"""A file of more is a long job: a minute of MP3, six seconds of WAV."""

IDLE_SECONDS: Final = 300.0
"""After which a worker that has nothing to do is ended: it holds some 20 MB, and starts again in a quarter
second."""

JOBS_PER_WORKER: Final = 1000
"""After which a worker is replaced, so that no leak in a decoder can grow for ever."""


class WorkerPool:
    """Converts files in worker processes. An async context manager: leaving it ends all of them."""

    def __init__(
        self,
        limits: Limits | None = None,
        media: MediaLimits | None = None,
        *,
        workers: int | None = None,
        most_waiting: int = MOST_WAITING,
        idle_seconds: float = IDLE_SECONDS,
        clock: Clock | None = None,
    ) -> None:
        """`workers`: None for as many as the CPU quota allows. Nothing is started before it is needed."""
        self.limits = limits or Limits()
        self._media = media or MediaLimits()
        self.size = workers or worker_count(cpu_share())
        self._most_waiting = most_waiting
        self._idle_seconds = idle_seconds
        self._clock = clock or SystemClock()
        self._turns = Turns(self.size)
        self._waiting = 0
        self._idle: list[tuple[float, WorkerProcess]] = []
        self._all: set[WorkerProcess] = set()
        self._reaper: asyncio.Task[None] | None = None
        self._warming: asyncio.Task[None] | None = None
        self._closed = False

    async def __aenter__(self) -> Self:
        self._reaper = asyncio.create_task(self._end_idle(), name="voice-idle")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        for task in (self._reaper, self._warming):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        await asyncio.gather(*(worker.kill() for worker in list(self._all)))

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers that are up."""
        return [worker.pid for worker in self._all]

    async def warm(self, count: int = 1) -> None:
        """Have up to `count` workers ready, so that the first note need not wait for one to start."""
        for _ in range(min(count, self.size) - len(self._all)):
            await self._turns.take(long=False)
            try:
                self._put_back(await self._start())
            finally:
                self._turns.give_back()

    def warm_soon(self) -> None:
        """Start a worker beside other work, ahead of the first note, which would wait a quarter second for
        it."""

        async def warm() -> None:
            with suppress(VoiceError):  # the first note will meet the same trouble, and tell it
                await self.warm()

        self._warming = asyncio.create_task(warm(), name="voice-warm")

    async def convert(self, source: Path, target: Path) -> Note:
        """Make `target` a native note of the sound in `source`; both are the gateway's own choice, never a
        caller's.

        `target` appears whole or not at all. Cancelling kills the worker. Raises VoiceError: everything that
        makes audio unfit, VOICE_WORKER_DIED when it brought its worker down, QUEUE_FULL when too many wait,
        DRAINING.
        """
        made = await self._done(Job(source, target))
        if isinstance(made, Done):
            return made.note
        raise VoiceError(VOICE_WORKER_DIED)  # a worker is not trusted

    async def convert_and_measure(self, source: Path, target: Path) -> tuple[Note, float]:
        """The same, and how loud the note is: LUFS (EBU R128, integrated), -70 where nothing is to be
        heard."""
        made = await self._done(Job(source, target, measure=True))
        if isinstance(made, Done) and made.lufs is not None:
            return made.note, made.lufs
        raise VoiceError(VOICE_WORKER_DIED)

    async def picture(self, source: Path, target: Path, use: Use) -> Picture:
        """Make `target` a picture of that use, as `convert` makes notes. Raises MediaError likewise."""
        made = await self._of_media(PictureJob(source, target, use))
        if isinstance(made, Pictured):
            return made.picture
        raise MediaError(MEDIA_WORKER_DIED)

    async def film(self, source: Path, target: Path) -> Film:
        """Make `target` a video that phones play, as `convert` makes notes. Raises MediaError likewise."""
        made = await self._of_media(FilmJob(source, target))
        if isinstance(made, Filmed):
            return made.film
        raise MediaError(MEDIA_WORKER_DIED)

    async def page(self, source: Path) -> Page:
        """What the web page in `source` says of itself. Raises MediaError likewise."""
        made = await self._of_media(PageJob(source))
        if isinstance(made, Paged):
            return made.page
        raise MediaError(MEDIA_WORKER_DIED)

    async def _of_media(self, job: PictureJob | FilmJob | PageJob) -> Made:
        try:
            return await self._done(job)
        except VoiceError as error:
            raise _of_media(error) from error

    async def _done(self, job: AnyJob) -> Made:
        if self._waiting >= self._most_waiting:
            raise VoiceError(QUEUE_FULL)
        self._waiting += 1
        try:
            await self._turns.take(long=_size(job.source) > LONG_BYTES)
        finally:
            self._waiting -= 1
        try:
            return await self._with_worker(job)
        finally:
            self._turns.give_back()

    async def _with_worker(self, job: AnyJob) -> Made:
        for _ in range(self.size + 1):
            if self._closed:
                raise VoiceError(DRAINING)
            worker = await self._take()
            try:
                return await worker.run(job)
            except WorkerGone:
                # It died while idle; nothing was lost, and a fresh one knows nothing of that.
                worker.spend()
            except VoiceError as error:
                if self._closed:
                    raise VoiceError(DRAINING) from error
                raise
            except BaseException:
                worker.spend()
                raise
            finally:
                await self._release(worker, job)
        raise VoiceError(INTERNAL, "Converters end as soon as they start.")

    async def _take(self) -> WorkerProcess:
        while self._idle:
            _, worker = self._idle.pop()
            if worker.usable:
                return worker
            await self._discard(worker)
        return await self._start()

    async def _start(self) -> WorkerProcess:
        worker = await WorkerProcess.start(self.limits, self._media)
        self._all.add(worker)
        if self._closed:
            await self._discard(worker)
            raise VoiceError(DRAINING)
        return worker

    async def _release(self, worker: WorkerProcess, job: AnyJob) -> None:
        if worker.usable and worker.jobs < JOBS_PER_WORKER and not self._closed:
            self._put_back(worker)
            return
        await self._discard(worker)
        # A worker that was killed could not clean up.
        if not isinstance(job, PageJob):
            await asyncio.to_thread(part_of(job.target).unlink, missing_ok=True)

    def _put_back(self, worker: WorkerProcess) -> None:
        self._idle.append((self._clock.monotonic(), worker))

    async def _discard(self, worker: WorkerProcess) -> None:
        try:
            await worker.kill()
        finally:
            self._all.discard(worker)

    async def _end_idle(self) -> None:
        """Ends workers that had nothing to do for long; the longest idle ones are first in the list."""
        while True:
            await asyncio.sleep(self._idle_seconds / 4)
            while self._idle and self._clock.monotonic() - self._idle[0][0] >= self._idle_seconds:
                _, worker = self._idle.pop(0)
                await self._discard(worker)


def _size(source: Path) -> int:
    try:
        return source.stat().st_size
    except OSError:
        return 0  # the worker will tell


def _of_media(error: VoiceError) -> MediaError:
    """The same failure, said of a file that is no sound."""
    fault = MEDIA_WORKER_DIED if error.fault is VOICE_WORKER_DIED else error.fault
    return MediaError(fault, error.detail, **error.facts)
