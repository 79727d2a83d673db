"""Workers that are killed, stuck, over their limits, idle, cancelled, orphaned."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest
from tests.unit.voice.files import AUDIO, silent_flac, wav, with_cover

from waypost.errors import VoiceError
from waypost.voice.limits import Limits
from waypost.voice.note import part_of
from waypost.voice.verify import verify
from waypost.workers.pool import WorkerPool

DEADLINE_SECONDS = 20.0


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():  # other processes have no event to wait for
            await asyncio.sleep(0.01)


@pytest.fixture(scope="module")
def long_sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Takes some 15 s to convert: long enough to be caught in the middle."""
    path = tmp_path_factory.mktemp("long") / "long.flac"
    path.write_bytes(silent_flac(1_500))
    return path


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    async with WorkerPool(workers=1) as pool:
        yield pool


def converting(pool: WorkerPool, source: Path, target: Path) -> "asyncio.Task[object]":
    return asyncio.create_task(pool.convert(source, target))


async def until_in_the_middle(target: Path) -> None:
    await until(lambda: part_of(target).exists() and part_of(target).stat().st_size > 1_000)


async def code_of(task: "asyncio.Task[object]") -> str:
    with pytest.raises(VoiceError) as caught:
        async with asyncio.timeout(DEADLINE_SECONDS):
            await task
    return caught.value.code


async def works(pool: WorkerPool, folder: Path) -> bool:
    note = await pool.convert(AUDIO / "blip.wav", folder / "blip.ogg")
    return bool(verify(note.path.read_bytes()))


async def test_nothing_is_started_before_the_first_conversion(pool: WorkerPool, tmp_path: Path) -> None:
    assert pool.pids == []
    assert await works(pool, tmp_path)
    assert len(pool.pids) == 1


async def test_a_worker_is_used_again(pool: WorkerPool, tmp_path: Path) -> None:
    await pool.warm()
    before = pool.pids
    assert await works(pool, tmp_path)
    with pytest.raises(VoiceError):
        await pool.convert(AUDIO / "README.md", tmp_path / "readme.ogg")
    assert await works(pool, tmp_path)
    assert pool.pids == before


async def test_a_worker_killed_in_the_middle_is_reported_and_replaced(
    pool: WorkerPool, long_sound: Path, tmp_path: Path
) -> None:
    target = tmp_path / "note.ogg"
    task = converting(pool, long_sound, target)
    await until_in_the_middle(target)
    [before] = pool.pids
    os.kill(before, signal.SIGKILL)
    assert await code_of(task) == "voice_worker_died"
    assert os.listdir(tmp_path) == []
    assert await works(pool, tmp_path)
    assert pool.pids != [before]


async def test_a_worker_that_died_while_idle_costs_nobody_a_note(pool: WorkerPool, tmp_path: Path) -> None:
    await pool.warm()
    [before] = pool.pids
    os.kill(before, signal.SIGKILL)
    assert await works(pool, tmp_path)
    assert pool.pids != [before]


async def test_a_stuck_worker_is_killed_and_replaced(long_sound: Path, tmp_path: Path) -> None:
    async with WorkerPool(Limits(stall_seconds=1.5), workers=1) as pool:
        target = tmp_path / "note.ogg"
        task = converting(pool, long_sound, target)
        await until_in_the_middle(target)
        [before] = pool.pids
        os.kill(before, signal.SIGSTOP)
        assert await code_of(task) == "too_costly"
        assert not psutil.pid_exists(before)
        assert await works(pool, tmp_path)


async def test_a_conversion_over_its_time_on_the_wall_is_too_costly(long_sound: Path, tmp_path: Path) -> None:
    async with WorkerPool(Limits(wall_seconds=0.5), workers=1) as pool:
        await pool.warm()
        assert await code_of(converting(pool, long_sound, tmp_path / "note.ogg")) == "too_costly"
        assert await works(pool, tmp_path)


async def test_a_conversion_over_its_cpu_is_too_costly(long_sound: Path, tmp_path: Path) -> None:
    async with WorkerPool(Limits(cpu_seconds=0.2), workers=1) as pool:
        assert await code_of(converting(pool, long_sound, tmp_path / "note.ogg")) == "too_costly"
        assert await works(pool, tmp_path)


HUNGRY = """
    from pathlib import Path
    from waypost.media.limits import MediaLimits
    from waypost.voice import convert
    from waypost.workers import confine
    from waypost.workers.protocol import Job
    from waypost.voice.limits import Limits
    from waypost.workers.worker import work

    def tick(seconds):
        bytearray(64_000_000)

    confine.limit_memory(16_000_000)
    failed = work(Job(Path("{source}"), Path("{target}")), Limits(), MediaLimits(), tick)
    print(failed.code, failed.last)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space")
def test_a_conversion_over_its_memory_is_too_costly(tmp_path: Path) -> None:
    script = textwrap.dedent(HUNGRY).format(source=AUDIO / "blip.wav", target=tmp_path / "note.ogg")
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=True
    )
    assert result.stdout.split() == ["too_costly", "True"]
    assert list(tmp_path.iterdir()) == []


def test_a_cover_that_does_not_fit_into_memory_costs_nobody_a_note(tmp_path: Path) -> None:
    source = tmp_path / "source.mp3"
    source.write_bytes(with_cover((AUDIO / "greeting.mp3").read_bytes(), 12_000_000))

    async def main() -> int:
        async with WorkerPool(Limits(memory_bytes=2_000_000), workers=1) as pool:
            return (await pool.convert(source, tmp_path / "note.ogg")).seconds

    assert asyncio.run(main()) == 7


def test_the_kernel_ends_what_the_frame_loop_cannot() -> None:
    script = """
        import time
        from waypost.workers import confine
        confine.limit_cpu(time.process_time())
        while True: pass
    """
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], timeout=DEADLINE_SECONDS, check=False
    )
    assert result.returncode == -signal.SIGXCPU


async def test_cancelling_ends_the_worker_and_leaves_nothing(
    pool: WorkerPool, long_sound: Path, tmp_path: Path
) -> None:
    target = tmp_path / "note.ogg"
    task = converting(pool, long_sound, target)
    await until_in_the_middle(target)
    [before] = pool.pids
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not psutil.pid_exists(before)
    assert os.listdir(tmp_path) == []
    assert await works(pool, tmp_path)


async def test_one_too_many_waiting_is_told_so(long_sound: Path, tmp_path: Path) -> None:
    async with WorkerPool(workers=1, most_waiting=1) as pool:
        first = converting(pool, long_sound, tmp_path / "1.ogg")
        await until_in_the_middle(tmp_path / "1.ogg")
        second = converting(pool, AUDIO / "blip.wav", tmp_path / "2.ogg")
        await asyncio.sleep(0)
        assert await code_of(converting(pool, AUDIO / "blip.wav", tmp_path / "3.ogg")) == "queue_full"
        first.cancel()
        await second
    assert (tmp_path / "2.ogg").exists()


async def test_conversions_run_side_by_side_up_to_the_number_of_workers(tmp_path: Path) -> None:
    async with WorkerPool(workers=2) as pool:
        await asyncio.gather(
            *(pool.convert(AUDIO / "greeting.mp3", tmp_path / f"{number}.ogg") for number in range(5))
        )
        assert len(pool.pids) == 2
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


async def test_closing_ends_workers_and_calls_it_draining(long_sound: Path, tmp_path: Path) -> None:
    async with WorkerPool(workers=1) as pool:
        task = converting(pool, long_sound, tmp_path / "note.ogg")
        await until_in_the_middle(tmp_path / "note.ogg")
        pids = pool.pids
    assert await code_of(task) == "draining"
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert await code_of(converting(pool, AUDIO / "blip.wav", tmp_path / "blip.ogg")) == "draining"


async def test_an_idle_worker_is_ended(tmp_path: Path) -> None:
    async with WorkerPool(workers=1, idle_seconds=0.1) as pool:
        assert await works(pool, tmp_path)
        [pid] = pool.pids
        await until(lambda: pool.pids == [])
        assert not psutil.pid_exists(pid)
        assert await works(pool, tmp_path)


async def test_a_missing_source_is_the_gateways_fault_not_the_sounds(
    pool: WorkerPool, tmp_path: Path
) -> None:
    assert await code_of(converting(pool, tmp_path / "gone", tmp_path / "note.ogg")) == "internal"
    assert await works(pool, tmp_path)


async def test_a_worker_inherits_neither_settings_nor_descriptors(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WAYPOST_ADMIN_TOKEN", "secret")
    with (tmp_path / "database").open("w") as handle:
        os.set_inheritable(handle.fileno(), True)
        await pool.warm()
        worker = psutil.Process(pool.pids[0])
        assert "WAYPOST_ADMIN_TOKEN" not in worker.environ()
        assert [file.path for file in worker.open_files() if file.path.startswith(str(tmp_path))] == []


async def test_hostile_bytes_leave_the_worker_alive(pool: WorkerPool, tmp_path: Path) -> None:
    await pool.warm()
    before = pool.pids
    source = tmp_path / "source"
    for data, code in (
        (wav(bytes(40_000), rate=1), "unsupported_rate"),
        (wav(bytes(40_000), rate=2**31 - 1), "unsupported_rate"),
        (b"#EXTM3U\nfile:///etc/passwd\n", "not_audio"),
        (b"", "empty_file"),
    ):
        source.write_bytes(data)
        assert await code_of(converting(pool, source, tmp_path / "note.ogg")) == code
    assert await works(pool, tmp_path)
    assert pool.pids == before


PARENT = """
    import asyncio, os, sys
    from pathlib import Path
    from waypost.workers.pool import WorkerPool

    async def main():
        async with WorkerPool(workers=1) as pool:
            task = asyncio.create_task(pool.convert(Path(sys.argv[1]), Path(sys.argv[2])))
            while not pool.pids:
                await asyncio.sleep(0.01)
            print(pool.pids[0], flush=True)
            await task

    asyncio.run(main())
"""


def test_workers_die_with_the_gateway(long_sound: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(PARENT), str(long_sound), str(tmp_path / "note.ogg")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        parent.wait(DEADLINE_SECONDS)
        worker.wait(DEADLINE_SECONDS)
    assert not worker.is_running()


def test_the_pool_works_under_uvloop(tmp_path: Path) -> None:
    uvloop = pytest.importorskip("uvloop")

    async def main() -> bool:
        async with WorkerPool(workers=1) as pool:
            return await works(pool, tmp_path)

    assert uvloop.run(main())


async def peak_kilobytes(source: Path, target: Path) -> int:
    async with WorkerPool(workers=1) as pool:
        note = await pool.convert(source, target)
        assert note.seconds > 5
        status = Path(f"/proc/{pool.pids[0]}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    "seconds", [150, pytest.param(3_600, marks=[pytest.mark.slow, pytest.mark.timeout(300)])]
)
async def test_memory_does_not_grow_with_the_sound(tmp_path: Path, seconds: int) -> None:
    small, large = tmp_path / "small.flac", tmp_path / "large.flac"
    small.write_bytes(silent_flac(6))
    large.write_bytes(silent_flac(seconds))
    little = await peak_kilobytes(small, tmp_path / "small.ogg")
    much = await peak_kilobytes(large, tmp_path / "large.ogg")
    assert much - little < 8 * 1024


async def test_a_note_can_be_measured_as_it_is_made(pool: WorkerPool, tmp_path: Path) -> None:
    note, lufs = await pool.convert_and_measure(AUDIO / "greeting.mp3", tmp_path / "note.ogg")
    verify(note.path.read_bytes())
    assert -40 < lufs < -5
    silence = tmp_path / "silence.flac"
    silence.write_bytes(silent_flac(1))
    assert (await pool.convert_and_measure(silence, tmp_path / "silent.ogg"))[1] == -70
