"""What holds for one instance: the gateway's settings, and what the operator chose for it instead."""

from collections.abc import Callable

from waypost.config import Settings
from waypost.instances.instance import Instance
from waypost.outbox.pacing import PacingRules
from waypost.outbox.policy import Policy
from waypost.outbox.settings import OutboxSettings


def policy_of(settings: Settings, find: Callable[[str], Instance | None]) -> Policy:
    """What the outbox keeps to, whatever is chosen meanwhile; `find` is asked each time."""

    def pacing(instance_id: str) -> PacingRules | None:
        instance = find(instance_id)
        return None if instance is None else pacing_of(settings, instance)

    def sends_again(instance_id: str) -> bool:
        instance = find(instance_id)
        return instance is not None and resends(settings, instance)

    return Policy(pacing, sends_again)


def pacing_of(settings: Settings, instance: Instance) -> PacingRules | None:
    """The rules of an instance's pacing; None when it is not paced."""
    given = instance.overrides.pacing.given()
    if not given.pop("enabled", settings.pacing in ("all", instance.network)):
        return None
    names = [name for name in PacingRules.__struct_fields__ if name != "born_at"]
    rules = {name: given.get(name, getattr(settings, f"pacing_{name}")) for name in names}
    return PacingRules(**rules, born_at=instance.created_at)


def resends(settings: Settings, instance: Instance) -> bool:
    """Whether a send whose outcome stays unknown is made again."""
    return (instance.overrides.when_unknown or settings.when_unknown) == "resend"


def outbox_settings(settings: Settings) -> OutboxSettings:
    """What of the gateway's settings the outbox keeps to."""
    return OutboxSettings(
        max_unfinished=settings.queue_max,
        max_of_instance=settings.queue_max_per_instance,
        expires=settings.expires_seconds,
        sends=settings.sends_in_flight,
        settle=settings.unknown_seconds,
        undecryptable=settings.undecryptable_seconds,
        keep_sent_blobs=settings.keep_sent_files_seconds,
        keep_failed_blobs=settings.keep_failed_files_seconds,
        keep_requests=settings.keep_requests_seconds,
        drain=settings.drain_seconds,
    )
