"""How an instance stands, in the words of the dashboard."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec

from waypost.dashboard.parts import Parts
from waypost.dashboard.words import LOOKS, STATES, waiting
from waypost.instances.choices import pacing_of
from waypost.instances.instance import Instance
from waypost.instances.state import InstanceState, sentence
from waypost.nodes.lease import Node
from waypost.outbox.pacing import DAY, share
from waypost.outbox.request import RequestState

# Of so many unfinished requests it is looked at why they wait.
_LOOKED_AT: Final = 20
_WAITING: Final = (RequestState.QUEUED, RequestState.PREPARING)
# What holds back an account, and not a single message.
_HOLDS: Final = frozenset({"restriction", "daily_cap", "first_contact", "warm_up", "breaker"})


class Hold(msgspec.Struct, frozen=True):
    """Why messages of an instance wait, and until when where that is known (seconds since the epoch)."""

    sentence: str
    until: float | None


class Quota(msgspec.Struct, frozen=True):
    """How much of a limit is used: `name` of what is counted over 24 hours; `most` for today."""

    name: str
    used: int
    most: int


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """An instance at a glance. `look` is one of good, busy, bad, idle; `node` is empty where there is one."""

    instance: Instance
    state: InstanceState
    label: str
    look: str
    reason: str
    sentence: str
    until: float | None
    since: float
    depth: int
    node: str
    hold: Hold | None


async def standings(parts: Parts, shown: list[Instance]) -> list[Standing]:
    """These instances as they stand now. Raises StorageError."""
    owners = await parts.owners()
    return [await _standing(parts, one, owner_of(owners, one.id)) for one in shown]


async def standing(parts: Parts, instance: Instance) -> Standing:
    """One instance as it stands now. Raises StorageError."""
    return (await standings(parts, [instance]))[0]


def owner_of(owners: Mapping[str, Node], instance_id: str) -> str:
    """The node that holds an instance, as people tell it from others: by its machine and address, and by its
    id too where those behind one public address share a machine. Empty where there is one node."""
    node = owners.get(instance_id)
    if node is None:
        return "no node just now" if owners else ""
    same = {one.node_id for one in owners.values() if (one.name, one.url) == (node.name, node.url)}
    id = f", {node.node_id[:8]}" if len(same) > 1 else ""
    return f"{node.name}, {urlsplit(node.url).netloc}{id}"


async def _standing(parts: Parts, instance: Instance, node: str) -> Standing:
    condition = parts.instances.known.condition(instance.id)
    depth = parts.outbox.depths.of(instance.id)
    return Standing(
        instance=instance,
        state=condition.state,
        label=STATES[condition.state],
        look=LOOKS[condition.state.value],
        reason=condition.reason,
        sentence=sentence(condition.reason),
        until=condition.until,
        since=condition.since,
        depth=depth,
        node=node,
        hold=await _hold(parts, instance) if depth else None,
    )


async def _hold(parts: Parts, instance: Instance) -> Hold | None:
    """What holds back the instance's account, where something does."""
    page = await parts.outbox.list(instance.id, states=_WAITING, limit=_LOOKED_AT)
    for request in page.items:
        if request.waiting_for in _HOLDS:
            return Hold(waiting(request.waiting_for), request.next_attempt_at)
    return None


async def quotas(parts: Parts, instance: Instance) -> list[Quota]:
    """How much of its daily limits an instance has used; empty where it is not paced. Raises StorageError."""
    rules = pacing_of(parts.settings, instance)
    if rules is None:
        return []
    now = parts.clock.now()
    part = share(rules, now)
    lately = await parts.open_chats.lately(instance.id, now - DAY, max(rules.per_day, 1))
    limits = (
        ("new chats", len(lately.firsts), rules.first_contacts),
        ("messages", len(lately.sends), rules.per_day),
    )
    return [Quota(name, used, max(int(most * part), 1)) for name, used, most in limits if most]
