"""deploy/compose/one-node.yml with TLS, under Docker."""

from collections.abc import Iterator
from pathlib import Path

from scripts.stand.machine import Machine
from scripts.stand.packages import NEXT
from scripts.stand.stack import Stack
from scripts.stand.talk import Talk

# Caddy makes certificates of its own for such names.
DOMAIN = "gateway.local"
_TARGETS = ("127.0.0.1:8780", "10.215.77.9:8790")


def walk(machine: Machine, images: dict[str, Path]) -> Iterator[str]:
    """What was found, step by step. Raises AssertionError and CalledProcessError."""
    stack = Stack(machine, "one-node", DOMAIN=DOMAIN, COMPOSE_PROFILES="tls")
    for name in ("waypost", "caddy"):
        stack.load(images[name])
    stack.up()
    with machine.tunnel(*_TARGETS) as ports:
        talk = Talk(*ports)
        talk.ready()
        shop = talk.pair("shop", "447700900001")
        talk.note(shop)
        yield "up and healthy, paired; a note arrived"
        yield from _confined(machine, stack)
        yield from _over_tls(machine, stack)
        stack.kill("waypost")
        talk.ready()
        talk.working(shop)
        talk.note(shop)
        yield "killed: back by itself, still paired, a note arrived"
    stack.down()
    stack.up()
    with machine.tunnel(*_TARGETS) as ports:
        talk = _again(talk, ports, shop)
        yield "down and up: still paired, a note arrived"
        stack.load(images["next"])
        stack.up()
        talk.ready()
        assert f'version="{NEXT}"' in "".join(talk.metric("waypost_build_info"))
        talk.working(shop)
        talk.note(shop)
        yield f"a new image, {NEXT}: still paired, a note arrived"
    machine.reboot()
    with machine.tunnel(*_TARGETS) as ports:
        talk = _again(talk, ports, shop)
        yield "back with the machine: still paired, a note arrived"
    stack.compose("down -v")


def _again(talk: Talk, ports: list[int], shop: str) -> Talk:
    again = Talk(*ports)
    again.tokens = talk.tokens
    again.ready()
    again.working(shop)
    again.note(shop)
    return again


def _confined(machine: Machine, stack: Stack) -> Iterator[str]:
    """Whom it runs as, what it may write to, which ports of the machine lead to it."""
    assert stack.inside("waypost", "id -u") == "10001"
    caps = stack.inside("waypost", "grep CapEff /proc/1/status /proc/self/status")
    assert {int(line.split()[-1], 16) for line in caps.splitlines()} == {0}, caps
    refused = stack.inside("waypost", "sh -c 'touch /x /opt/waypost/x /etc/x 2>&1 || true'")
    assert refused.count("Read-only file system") == 3, refused
    stack.inside("waypost", "touch /data/x /tmp/x")
    stack.inside("waypost", "rm /data/x /tmp/x")
    open_to = {line.split()[3] for line in machine.run("ss -Hltn").splitlines()}
    assert "127.0.0.1:8780" in open_to
    world = {one for one in open_to if not one.startswith(("127.", "[::1]"))}
    assert {one.rpartition(":")[2] for one in world} == {"22", "80", "443"}, world
    health = machine.run("docker ps --format '{{.Names}} {{.Status}}'")
    assert "waypost-waypost-1 Up" in health
    assert "(healthy)" in health, health
    yield "user 10001 without a capability, root read-only; open to others: 80 and 443 (and ssh)"


def _over_tls(machine: Machine, stack: Stack) -> Iterator[str]:
    """Caddy with a certificate of its own authority, and whom the gateway believes."""
    stack.compose("cp tls:/data/caddy/pki/authorities/local/root.crt /srv/root.crt")
    ask = f"curl -sS -o /dev/null -w '%{{http_code}} %{{redirect_url}}' --resolve {DOMAIN}:443:127.0.0.1"
    ask += f" --resolve {DOMAIN}:80:127.0.0.1 --cacert /srv/root.crt"
    assert machine.run(f"{ask} https://{DOMAIN}/readyz").split() == ["200"]
    assert machine.run(f"{ask} http://{DOMAIN}/readyz").split() == ["308", f"https://{DOMAIN}/readyz"]
    assert machine.run(f"{ask} https://{DOMAIN}/metrics").split() == ["401"]
    yield "HTTPS by Caddy's own authority, HTTP leads there, /metrics is closed"
