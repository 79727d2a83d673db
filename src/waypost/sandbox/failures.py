"""Failures that somebody asked for: which one applies now, and how often it did."""

from collections.abc import Mapping
from typing import Final

import msgspec

from waypost.errors import SANDBOX_INVALID, SANDBOX_NO_SUCH, SandboxError
from waypost.sandbox.state import failures as rows_of
from waypost.sandbox.state.store import Store
from waypost.sandbox.views import Failure, FailureKind, NewFailure
from waypost.sandbox.wire.curve import Randomness

_DEVICE: Final = frozenset({"phone", "device"})
_ALWAYS: Final = frozenset({"kind", "times", "skip"})
_MEANT: Final[Mapping[FailureKind, frozenset[str]]] = {
    "ban": _DEVICE | {"seconds", "code"},
    "outdated": _DEVICE,
    "logged_out": _DEVICE | {"code"},
    "server_error": _DEVICE | {"code"},
    "replaced": _DEVICE,
    "refuse_message": _DEVICE | {"contact", "code"},
    "drop_connection": _DEVICE | {"when"},
    "withhold_ack": _DEVICE | {"seconds"},
    # Uploads and downloads don't say whose they are.
    "slow_media": frozenset({"direction", "seconds"}),
    "failing_media": frozenset({"direction", "code"}),
    "no_receipts": frozenset({"contact"}),
    "unknown_iq": _DEVICE | {"xmlns"},
}


def check(rule: NewFailure) -> None:
    """SandboxError when a field is set that has no meaning for this kind: the failure would never come, or
    come to others."""
    plain = NewFailure(kind=rule.kind)
    given = {name for name in rule.__struct_fields__ if getattr(rule, name) != getattr(plain, name)}
    if wrong := sorted(given - _ALWAYS - _MEANT[rule.kind]):
        raise SandboxError(SANDBOX_INVALID, f"{rule.kind} takes no {', '.join(wrong)}.")


class Failures:
    """The injected failures of a network. Kept in memory because each stanza asks; every change is a row as
    well."""

    def __init__(self, store: Store, randomness: Randomness, known: list[Failure]) -> None:
        self._store = store
        self._randomness = randomness
        self._known = {failure.id: failure for failure in known}

    async def add(self, rule: NewFailure) -> Failure:
        """Inject a failure; numbers in `rule` are digits."""
        failure = Failure(self._randomness(6).hex(), rule)
        self._known[failure.id] = failure
        await self._store.run(lambda rows: rows_of.put(rows, failure.id, msgspec.json.encode(failure)))
        return failure

    async def remove(self, id: str) -> None:
        """End a failure; SandboxError when there is none of that id."""
        if self._known.pop(id, None) is None:
            raise SandboxError(SANDBOX_NO_SUCH, "There is no injected failure of that id.")
        await self._store.run(lambda rows: rows_of.delete(rows, id))

    def every(self) -> list[Failure]:
        """All of them, those that are used up included."""
        return list(self._known.values())

    def tell_contacts_apart(self, kind: FailureKind) -> bool:
        """Whether a failure of this kind is meant for one contact alone."""
        return any(one.rule.kind == kind and one.rule.contact is not None for one in self._known.values())

    async def take(
        self,
        kind: FailureKind,
        *,
        phone: str | None = None,
        device: int | None = None,
        contact: str | None = None,
        direction: str | None = None,
        xmlns: str | None = None,
        when: str | None = None,
    ) -> NewFailure | None:
        """The rule that applies to this occasion, counted as applied; None when nothing shall go wrong."""
        for failure in self._known.values():
            rule = failure.rule
            if (
                rule.kind == kind
                and (rule.times is None or failure.applied < rule.times)
                and rule.phone in (None, phone)
                and rule.device in (None, device)
                and rule.contact in (None, contact)
                and (direction is None or rule.direction in ("both", direction))
                and rule.xmlns in (None, xmlns)
                and (when is None or rule.when == when)
            ):
                applies = failure.passed >= rule.skip
                await self._count(failure, applies)
                return rule if applies else None
        return None

    async def _count(self, failure: Failure, applies: bool) -> None:
        changed = msgspec.structs.replace(
            failure, applied=failure.applied + applies, passed=failure.passed + (not applies)
        )
        self._known[failure.id] = changed
        await self._store.run(lambda rows: rows_of.put(rows, changed.id, msgspec.json.encode(changed)))
