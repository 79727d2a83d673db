import os
import platform
from pathlib import Path

import pytest
import structlog

from waypost.engine import process
from waypost.engine.hosts.whatsmeow.library import library_name
from waypost.engine.placement import choose
from waypost.engine.port import Network
from waypost.engine.process import environment
from waypost.engine.settings import EngineSettings
from waypost.engine.store_folder import StoreLock, instance_folder, library_path, recorded_owner, started_at
from waypost.errors import ENGINE_UNUSABLE, SANDBOX_UNSUPPORTED, EngineError

SHELL = {
    "PATH": "/bin",
    "WAYPOST_ADMIN_TOKEN": "secret",
    "HTTPS_PROXY": "http://corporate:3128",
    "SSL_CERT_FILE": "/corporate.pem",
    "NEONIZE_BOT_TAG": "on",
}


def test_a_sandbox_process_gets_the_sandbox_alone() -> None:
    found = environment(Network(name="sandbox"), Path("/ca"), SHELL)
    assert found == {"PATH": "/bin", "NEONIZE_BOT_TAG": "off", "SSL_CERT_DIR": "/ca"}


def test_a_whatsapp_process_keeps_the_operators_proxy_and_no_secret() -> None:
    found = environment(Network(name="whatsapp"), None, SHELL)
    assert found["HTTPS_PROXY"] == "http://corporate:3128"
    assert found["SSL_CERT_FILE"] == "/corporate.pem"
    assert found["NEONIZE_BOT_TAG"] == "off"
    assert "WAYPOST_ADMIN_TOKEN" not in found
    assert "SSL_CERT_DIR" not in found


async def test_a_process_that_can_not_be_redirected_does_not_start(tmp_path: Path) -> None:
    network = Network(name="sandbox", proxy_url="http://127.0.0.1:1", ca_pem="x", noise_root=b"too short")
    with pytest.raises(EngineError) as caught:
        await process.start(
            network, None, EngineSettings(folder=tmp_path), lambda _: None, structlog.get_logger()
        )
    assert caught.value.fault is SANDBOX_UNSUPPORTED


async def test_a_process_with_another_library_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "neonize"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / library_name(platform.system(), platform.machine())).write_bytes(b"not the pinned one")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    network = Network(name="whatsapp")
    with pytest.raises(EngineError) as caught:
        await process.start(
            network, None, EngineSettings(folder=tmp_path), lambda _: None, structlog.get_logger()
        )
    assert caught.value.fault is ENGINE_UNUSABLE
    assert "not the pinned file" in caught.value.message


@pytest.mark.parametrize(
    "network",
    [
        Network(name="sandbox"),
        Network(name="sandbox", proxy_url="http://127.0.0.1:1", ca_pem="x"),
        Network(name="whatsapp", proxy_url="http://127.0.0.1:1"),
        Network(name="whatsapp", noise_root=bytes(32)),
    ],
)
async def test_a_process_is_all_sandbox_or_all_whatsapp(network: Network, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="process for"):
        await process.start(
            network, None, EngineSettings(folder=tmp_path), lambda _: None, structlog.get_logger()
        )


class Home:
    def __init__(self, sessions: int, alive: bool = True, worn: bool = False, occupied: bool = False) -> None:
        self.sessions = {str(number) for number in range(sessions)}
        self.alive = alive
        self.worn = worn
        self.occupied = occupied


def test_sessions_fill_one_process_before_the_next() -> None:
    empty, half, full = Home(0), Home(2), Home(4)
    assert choose([empty, half, full], 4) is half
    assert choose([full], 4) is None
    assert choose([], 4) is None


def test_a_dead_or_worn_process_gets_no_session() -> None:
    assert choose([Home(1, alive=False), Home(1, worn=True)], 4) is None


def test_a_session_does_not_wait_where_others_take_long_to_connect() -> None:
    free, occupied = Home(1), Home(3, occupied=True)
    assert choose([free, occupied], 4) is free
    assert choose([occupied], 4) is None
    assert choose([free, *(Home(2, occupied=True) for _ in range(9))], 4) is free


def test_a_network_that_is_down_for_all_does_not_take_a_process_for_each_session() -> None:
    homes = list[Home]()
    for _ in range(20):
        home = choose(homes, 10)
        if home is None:
            homes.append(home := Home(0, occupied=True))
        home.sessions.add(str(len(home.sessions)))
    assert sorted(len(home.sessions) for home in homes) == [1, 9, 10]


@pytest.mark.parametrize("name", ["", "..", "a/b", "a b", "-x", "a" * 129])
def test_an_instance_id_that_is_no_plain_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="instance id"):
        instance_folder(tmp_path, name)


def test_a_path_is_written_so_that_the_library_reads_it_as_one(tmp_path: Path) -> None:
    assert library_path(Path("/data/50% off?#x")).startswith(
        "/data/50%25%20off%3F%23x/session.db?_journal_mode=WAL"
    )


def test_a_store_is_locked_by_one_and_says_by_whom(tmp_path: Path) -> None:
    folder = instance_folder(tmp_path, "shop")
    first, second = StoreLock(folder), StoreLock(folder)
    assert first.acquire()
    assert not second.acquire()
    owner = recorded_owner(folder)
    if started_at(os.getpid()) is not None:
        assert owner is not None
        assert owner.pid == os.getpid()
    first.release()
    assert recorded_owner(folder) is None
    assert second.acquire()
    second.release()
