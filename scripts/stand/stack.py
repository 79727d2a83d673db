from pathlib import Path

from scripts.package.build import ROOT
from scripts.stand.machine import Machine
from scripts.stand.talk import TOKEN

# Without KVM a gateway takes half a minute to start, which its health check has to put up with.
_WAIT_S = 600


class Stack:
    """One of the compose files with the emulated network beside it, started by Docker in the machine."""

    def __init__(self, machine: Machine, name: str, **environ: str) -> None:
        """`environ` goes to `.env`, as env.example has it."""
        self._machine = machine
        self._name = name
        beside = Path(__file__).parent / f"{name}.yml"
        machine.send([ROOT / "deploy"], "/srv")
        machine.send([beside], "/srv/beside")
        given = {"NETWORK": "sandbox", "ADMIN_TOKEN": TOKEN, **environ}
        lines = "\\n".join(f"{key}={value}" for key, value in given.items())
        machine.run(
            f"cd /srv/deploy/compose; cp env.example .env; printf '{lines}\\n' >> .env; chmod 600 .env"
        )

    def compose(self, words: str, *, check: bool = True) -> str:
        """What `docker compose` says."""
        files = f"-f /srv/deploy/compose/{self._name}.yml -f /srv/beside/{self._name}.yml"
        return self._machine.run(f"docker compose --progress quiet {files} {words}", check=check)

    def up(self) -> None:
        """Start what is not started, and wait until all are healthy."""
        self.compose(f"up -d --no-build --pull never --wait --wait-timeout {_WAIT_S}")

    def down(self) -> None:
        """Remove the containers; the volumes stay."""
        self.compose("down")

    def inside(self, service: str, command: str, *, check: bool = True) -> str:
        """What a command says in that container."""
        return self.compose(f"exec -T {service} {command}", check=check)

    def load(self, image: Path) -> None:
        """Let Docker know an image."""
        self._machine.run("docker load -q", given=image)

    def kill(self, service: str) -> None:
        """kill -9 of a service's first process, as if it had ended by itself."""
        of = self.compose(f"ps -q {service}")
        self._machine.run(f"kill -9 $(docker inspect -f '{{{{.State.Pid}}}}' {of})")
