"""deploy/compose/three-nodes.yml, under Docker."""

import io
import math
import time
import wave
from collections.abc import Iterator
from pathlib import Path

from scripts.stand.machine import Machine
from scripts.stand.stack import Stack
from scripts.stand.talk import TOKEN, Talk, until

NODES = ("node1", "node2", "node3")
_SECRETS = {"POSTGRES_PASSWORD": "of-the-stand-0123456789", "OBJECTS_PASSWORD": "of-the-objects-0123456789"}
_ASK = (
    "import urllib.request as u; "
    "page = u.Request('http://127.0.0.1:8780/metrics'); "
    f"page.add_header('Authorization', 'Bearer {TOKEN}'); "
    "print(u.urlopen(page).read().decode())"
)
_RATE, _SECONDS = 16_000, 12


def walk(machine: Machine, images: dict[str, Path]) -> Iterator[str]:
    """What was found, step by step. Raises AssertionError and CalledProcessError."""
    stack = Stack(machine, "three-nodes", **_SECRETS)
    for name in ("waypost", "caddy", "postgres", "objects"):
        stack.load(images[name])
    stack.up()
    with machine.tunnel("127.0.0.1:8780", "10.215.78.9:8790") as ports:
        talk = Talk(*ports)
        talk.ready()
        shops = [talk.pair(f"shop {one}", f"44770090000{one}") for one in (1, 2, 3)]
        for shop in shops:
            talk.note(shop)
        spread = until(lambda: _spread(stack), "each node holds one instance")
        yield f"up and healthy, three paired and spread over {len(spread)} nodes; their notes arrived"
        talk.note(shops[0], _large())
        yield "a note of a larger file, by way of the object store, arrived"
        shop, victim = next((shop, node) for shop in shops for node in NODES if _holds(stack, node, shop))
        yield from _killed(stack, talk, shop, victim)
        stack.compose("start " + victim)
        until(lambda: _spread(stack), "each node holds one again")
        yield f"{victim} started again: it got its share"
        victim = next(node for node in NODES if _holds(stack, node, shop))
        stack.compose("stop " + victim)
        talk.working(shop)
        talk.note(shop)
        stack.compose("start " + victim)
        yield f"{victim} stopped in good order: handed over, a note arrived"
        stack.compose("restart postgres")
        for one in shops:
            talk.working(one)
            talk.note(one)
        yield "PostgreSQL restarted: all connected again, their notes arrived"
    stack.down()
    stack.up()
    with machine.tunnel("127.0.0.1:8780", "10.215.78.9:8790") as ports:
        again = Talk(*ports)
        again.tokens = talk.tokens
        again.ready()
        for shop in shops:
            again.working(shop)
            again.note(shop)
        yield "down and up: all still paired, their notes arrived"
    stack.compose("down -v")


def _killed(stack: Stack, talk: Talk, shop: str, victim: str) -> Iterator[str]:
    """kill -9 of the node that holds an instance, with a note on its way."""
    request = talk.begin(shop)
    stack.compose(f"kill -s KILL {victim}")
    began = time.monotonic()
    until(lambda: any(_holds(stack, node, shop) for node in NODES if node != victim), "another node holds it")
    moved = time.monotonic() - began
    talk.working(shop)
    talk.arrived(shop, request)
    talk.note(shop)
    yield f"{victim} killed: {moved:.0f} s later another held its instance; its note and the next arrived"


def _large() -> bytes:
    """A hum in a file above WAYPOST_INLINE_MAX_BYTES, which lies in the object store until it was sent."""
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        levels = (round(9_000 * math.sin(at * 0.1)) for at in range(_RATE * _SECONDS))
        file.writeframes(b"".join(level.to_bytes(2, "little", signed=True) for level in levels))
    return target.getvalue()


def _spread(stack: Stack) -> list[str]:
    """The nodes, once each holds one instance."""
    held = [node for node in NODES if "waypost_instances_held 1.0" in _page(stack, node)]
    return held if len(held) == len(NODES) else []


def _holds(stack: Stack, node: str, shop: str) -> bool:
    return f'waypost_instance_working{{instance_id="{shop}"}} 1.0' in _page(stack, node)


def _page(stack: Stack, node: str) -> str:
    """What a node tells of itself; nothing while it is away."""
    return stack.inside(node, f'python -c "{_ASK}"', check=False)
