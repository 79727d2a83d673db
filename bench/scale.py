"""How much is measured: in full for the page, or so little that it only shows that every part runs."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Counts of one whole run; lengths are seconds of sound."""

    requests: int = 6_000
    warming: int = 500
    """Requests to each endpoint before it is measured."""
    constrained_requests: int = 1_500
    constrained_notes: int = 10
    constrained_seconds: int = 60
    rounds: int = 7
    """Turns of each program with each input; the first is not counted."""
    lengths: tuple[int, ...] = (3, 15, 60)
    latency_notes: int = 60
    rate_notes: int = 400
    senders: tuple[int, ...] = (1, 20)
    instances: tuple[int, ...] = (1, 20, 100, 300)
    """Really paired ones."""
    simulated: tuple[int, ...] = (1_000,)
    """Rows of the database that have no session."""
    plain: tuple[int, ...] = (1, 20, 100)
    """Sessions of the plain Baileys script."""
    instance_requests: int = 1_000
    depths: tuple[int, ...] = (10, 100, 1_000, 10_000, 100_000)
    drained: int = 100
    note_lengths: tuple[int, ...] = (1, 3, 10, 30, 60, 180, 600)
    nodes: tuple[int, ...] = (1, 3)
    """Gateways on one PostgreSQL."""
    node_instances: int = 6
    node_requests: int = 3_000
    node_notes: int = 240
    histories: tuple[tuple[int, int], ...] = ((20, 50), (2_000, 50), (2, 50_000))
    """Chats, and messages of each."""
    rest_s: float = 3.0
    """Without any call: what is written then is taken off what a note is found to write."""


FULL = Scale()
SHORT = Scale(
    requests=300,
    warming=50,
    constrained_requests=100,
    constrained_notes=2,
    constrained_seconds=10,
    rounds=2,
    lengths=(3,),
    latency_notes=5,
    rate_notes=12,
    senders=(1, 2),
    instances=(1, 2),
    simulated=(20,),
    plain=(1, 2),
    instance_requests=100,
    depths=(10, 100),
    drained=10,
    note_lengths=(1, 10),
    node_instances=3,
    node_requests=200,
    node_notes=24,
    histories=((2, 50), (20, 50)),
    rest_s=0.5,
)
