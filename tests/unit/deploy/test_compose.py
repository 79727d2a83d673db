import re
import shutil
import subprocess
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from moto.server import ThreadedMotoServer
from tests.unit.deploy.compose import FILES, FOLDER, Unset, raw, services

from waypost.config import Settings, load, strangers
from waypost.storage.object_depot import ObjectDepot

PASSWORDS = {"POSTGRES_PASSWORD": "geheim", "OBJECTS_PASSWORD": "geheim-zwei"}
WITH_DOMAIN = {**PASSWORDS, "DOMAIN": "gateway.example"}


def gateways(name: str, environ: dict[str, str]) -> dict[str, dict[str, Any]]:
    found = {
        one: what for one, what in services(name, environ).items() if what["image"].startswith("waypost")
    }
    assert len(found) == {"one-node.yml": 1, "three-nodes.yml": 3}[name]
    return found


def seconds(text: str) -> float:
    number, unit = re.fullmatch(r"(\d+)(s|m)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"s": 1, "m": 60}[unit]


@pytest.mark.parametrize("environ", [PASSWORDS, WITH_DOMAIN], ids=["alone", "with a domain"])
@pytest.mark.parametrize("name", FILES)
def test_the_settings_of_a_gateway_are_settings_and_can_be_used(name: str, environ: dict[str, str]) -> None:
    for gateway in gateways(name, environ).values():
        given = {key: str(value) for key, value in gateway["environment"].items()}
        assert strangers(given) == []
        settings = load(given)
        domain = environ.get("DOMAIN")
        assert settings.public_url == (f"https://{domain}" if domain else "")


@pytest.mark.parametrize("name", FILES)
def test_the_world_reaches_nothing_without_tls(name: str) -> None:
    for service, what in services(name, PASSWORDS).items():
        for port in what.get("ports", []):
            if what.get("profiles") == ["tls"]:
                # Without a domain Caddy has no site, and does not start.
                assert raw(name)[service]["environment"]["SITE"] == "${DOMAIN:-}"
            else:
                assert port.startswith("127.0.0.1:"), f"{service} of {name} opens {port}"


@pytest.mark.parametrize("name", FILES)
def test_no_secret_stands_in_the_file(name: str) -> None:
    written = {
        (service, key): str(value)
        for service, what in raw(name).items()
        for key, value in what.get("environment", {}).items()
        if re.search("PASSWORD|SECRET|TOKEN|DATABASE_URL", key)
    }
    assert written or name == "one-node.yml"
    for where, value in written.items():
        assert "${" in value, where
    example = (FOLDER / "env.example").read_text()
    assert re.findall(r"^(?:POSTGRES|OBJECTS)_PASSWORD=(.*)$", example, re.MULTILINE) == ["", ""]


def test_three_nodes_ask_for_their_passwords() -> None:
    with pytest.raises(Unset):
        services("three-nodes.yml", {})


@pytest.mark.parametrize("name", FILES)
def test_a_gateway_can_finish_what_is_under_way_and_gives_up_what_it_does_not_need(name: str) -> None:
    for gateway in gateways(name, PASSWORDS).values():
        assert seconds(gateway["stop_grace_period"]) >= 2 * Settings().drain_seconds
        assert gateway["healthcheck"]["test"] == ["CMD", "python", "-m", "waypost.cli.ready"]
        assert (gateway["read_only"], gateway["cap_drop"], gateway["init"]) == (True, ["ALL"], True)
        assert gateway["security_opt"] == ["no-new-privileges:true"]
        assert gateway["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", FILES)
def test_each_gateway_keeps_its_data_in_a_volume_of_its_own(name: str) -> None:
    named = yaml.safe_load((FOLDER / name).read_text())["volumes"]
    used = [mount for gateway in gateways(name, PASSWORDS).values() for mount in gateway["volumes"]]
    assert [mount.partition(":")[2] for mount in used] == ["/data"] * len(used)
    assert len({mount.partition(":")[0] for mount in used} & named.keys()) == len(used)


@pytest.mark.parametrize("name", FILES)
def test_images_of_others_are_pinned(name: str) -> None:
    for service, what in services(name, PASSWORDS).items():
        _, _, tag = what["image"].rpartition(":")
        assert re.search(r"\d", tag) or what["image"] == "waypost:local", service


@pytest.mark.parametrize("name", FILES)
def test_only_the_proxies_are_trusted(name: str) -> None:
    (network,) = yaml.safe_load((FOLDER / name).read_text())["networks"]["default"]["ipam"]["config"]
    proxies = {
        what["networks"]["default"]["ipv4_address"]
        for what in services(name, PASSWORDS).values()
        if "caddy" in what["image"]
    }
    assert all(ip_address(one) in ip_network(network["subnet"]) for one in proxies)
    # Nobody who starts before them is given one of theirs.
    assert not [one for one in proxies if ip_address(one) in ip_network(network["ip_range"])]
    for gateway in gateways(name, PASSWORDS).values():
        assert set(gateway["environment"]["WAYPOST_TRUSTED_PROXIES"].split(",")) == proxies


@pytest.mark.parametrize("name", FILES)
def test_a_proxy_leads_to_every_gateway(name: str) -> None:
    there = {f"{one}:{Settings().port}" for one in gateways(name, PASSWORDS)}
    caddies = [what for what in services(name, PASSWORDS).values() if "caddy" in what["image"]]
    assert caddies
    for caddy in caddies:
        assert set(caddy["environment"]["UPSTREAMS"].split()) == there


def test_postgresql_allows_the_connections_that_the_file_speaks_of() -> None:
    command = services("three-nodes.yml", PASSWORDS)["postgres"]["command"]
    (allowed,) = [int(word.partition("=")[2]) for word in command if word.startswith("max_connections=")]
    assert allowed - 3 >= 2.25 * 120 + 7 * 3


async def test_the_variables_of_the_object_store_are_those_that_its_client_reads(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    all_services = services("three-nodes.yml", PASSWORDS)
    given = all_services["node1"]["environment"]
    objects = all_services["objects"]
    assert given["AWS_SECRET_ACCESS_KEY"] == objects["environment"]["AWS_SECRET_ACCESS_KEY"]
    bucket = given["WAYPOST_BLOBS_URL"].removeprefix("s3://").partition("/")[0]
    assert f"-bucket={bucket}" in objects["command"]
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        for name, value in given.items():
            if name.startswith("AWS_"):
                monkeypatch.setenv(name, str(value))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        async with httpx.AsyncClient(trust_env=False) as http:
            (await http.put(f"http://{host}:{port}/{bucket}")).raise_for_status()
        depot = ObjectDepot(given["WAYPOST_BLOBS_URL"])
        (tmp_path / "in").write_bytes(b"a note")
        await depot.store("one", tmp_path / "in")
        assert await depot.fetch("one", tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == b"a note"
    finally:
        server.stop()


@pytest.mark.parametrize("name", FILES)
def test_compose_itself_takes_the_file(name: str) -> None:
    compose = shutil.which("docker-compose") or ""
    words = [compose] if compose else ["docker", "compose"]
    if not compose and (shutil.which("docker") is None or subprocess.run([*words, "version"]).returncode):
        pytest.skip("Compose is not there to judge it")
    done = subprocess.run(
        [*words, "-f", str(FOLDER / name), "config", "--quiet"],
        env={**WITH_DOMAIN, "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
