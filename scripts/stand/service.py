"""deploy/systemd, as docs/containers.md has it installed, under systemd itself."""

import time
from collections.abc import Iterator
from pathlib import Path

from scripts.package.build import ROOT
from scripts.stand.machine import Machine
from scripts.stand.packages import NEXT
from scripts.stand.talk import TOKEN, Talk

_UNIT = "waypost"
_SANDBOX = "sandbox"


def walk(machine: Machine, packages: tuple[Path, Path, Path]) -> Iterator[str]:
    """What was found, step by step. Raises AssertionError and CalledProcessError."""
    needed, wheel, later = packages
    machine.send([needed, wheel, later, ROOT / "deploy"], "/srv")
    _install(machine, wheel)
    _sandbox(machine)
    yield machine.run("systemd-analyze security waypost.service --no-pager | tail -1")
    complaints = machine.run("systemd-analyze verify --man=no waypost.service 2>&1")
    assert complaints == "", complaints
    with machine.tunnel("127.0.0.1:8780", "127.0.0.1:8790") as ports:
        talk = Talk(*ports)
        talk.ready()
        shop = talk.pair("shop", "447700900001")
        talk.note(shop)
        yield "installed, started, paired; a note arrived"
        yield from _confined(machine)
        yield from _drained(machine, talk, shop)
        yield from _killed(machine, talk, shop)
        machine.run(
            f"PIP_NO_INDEX=1 PIP_FIND_LINKS=/srv/wheels /opt/waypost/bin/pip install -q /srv/{later.name}"
        )
        machine.run("systemctl restart waypost")
        talk.ready()
        assert f'version="{NEXT}"' in "".join(talk.metric("waypost_build_info"))
        talk.working(shop)
        talk.note(shop)
        yield f"upgraded to {NEXT} in place: still paired, a note arrived"
    machine.reboot()
    _sandbox(machine)
    with machine.tunnel("127.0.0.1:8780", "127.0.0.1:8790") as ports:
        again = Talk(*ports)
        again.tokens = talk.tokens
        again.ready()
        again.working(shop)
        again.note(shop)
        yield "started again with the machine: still paired, a note arrived"
    denied = machine.run(
        "journalctl -b -u waypost | grep -ciE 'operation not permitted|read-only|denied' || true"
    )
    assert denied == "0", machine.run("journalctl -b -u waypost --no-pager")
    machine.run("systemctl disable --now waypost; systemctl stop sandbox")


def _install(machine: Machine, wheel: Path) -> None:
    machine.run(
        "cd /srv; export PIP_NO_INDEX=1 PIP_FIND_LINKS=/srv/wheels\n"
        f"python3 -m venv /opt/waypost; /opt/waypost/bin/pip install -q {wheel.name}\n"
        "install -D -m 0644 deploy/systemd/waypost.sysusers /etc/sysusers.d/waypost.conf; systemd-sysusers\n"
        "install -m 0600 /dev/null /etc/waypost.env\n"
        f"printf '%s\\n' WAYPOST_NETWORK=sandbox WAYPOST_LOG_FORMAT=json 'WAYPOST_ADMIN_TOKEN={TOKEN}' "
        "> /etc/waypost.env\n"
        "install -m 0644 deploy/systemd/waypost.service /etc/systemd/system/\n"
        "systemctl daemon-reload; systemctl enable --now waypost"
    )


def _sandbox(machine: Machine) -> None:
    machine.run(
        "mkdir -p /var/lib/sandbox; systemctl is-active -q sandbox || systemd-run -q --unit sandbox "
        "/opt/waypost/bin/waypost sandbox serve --data /var/lib/sandbox"
    )


def _confined(machine: Machine) -> Iterator[str]:
    """Whom it runs as, what it may write to, and that what reads strangers' files has no network."""
    pids = machine.run("cat /sys/fs/cgroup/system.slice/waypost.service/cgroup.procs").split()
    users = set(machine.run(f"ps -o user= -p {','.join(pids)}").split())
    assert users == {"waypost"}, users
    capable = machine.run(f"grep -h CapEff {' '.join(f'/proc/{pid}/status' for pid in pids)} | sort -u")
    assert int(capable.split()[1], 16) == 0, capable
    # Root, who may write everywhere, in what the service sees of the disk.
    inside = f"nsenter -t {pids[0]} -m touch"
    refused = machine.run(
        f"for at in /usr /etc /opt/waypost /var/lib /boot; do {inside} $at/x 2>&1 || true; done"
    )
    assert refused.count("Read-only file system") == 5, refused
    machine.run(f"{inside} /var/lib/waypost/x; rm /var/lib/waypost/x")
    networks = machine.run(f"for pid in {' '.join(pids)}; do readlink /proc/$pid/ns/net; done").split()
    assert len(set(networks)) > 1, networks
    yield f"{len(pids)} processes of the user waypost without a capability; workers in networks of their own"


def _drained(machine: Machine, talk: Talk, shop: str) -> Iterator[str]:
    """A send that is under way ends before the service does."""
    talk.fail(kind="withhold_ack", times=1, seconds=4)
    request = talk.begin(shop)
    time.sleep(1)
    began = time.monotonic()
    machine.run("systemctl stop waypost")
    took = time.monotonic() - began
    assert machine.run("systemctl show -P Result waypost") == "success"
    assert machine.run("systemctl show -P ActiveState waypost") == "inactive"
    machine.run("systemctl start waypost")
    talk.ready()
    talk.arrived(shop, request)
    yield f"stopped in {took:.1f} s during a send, by itself; the note arrived once"


def _killed(machine: Machine, talk: Talk, shop: str) -> Iterator[str]:
    """kill -9 of the gateway: it comes back, and nothing of it was left."""
    before = machine.run("systemctl show -P MainPID waypost")
    machine.run("systemctl kill --signal=KILL --kill-whom=main waypost")
    talk.ready()
    talk.working(shop)
    talk.note(shop)
    after = machine.run("systemctl show -P MainPID waypost")
    assert after != before
    assert machine.run("systemctl show -P NRestarts waypost") == "1"
    yield "killed: back by itself, still paired, a note arrived"
