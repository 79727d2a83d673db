import msgspec

from waypost.config import Settings
from waypost.durable.retry import Schedule

MINUTE = 60.0
HOUR = 3_600.0
DAY = 86_400.0


class DeliverySettings(msgspec.Struct, frozen=True, kw_only=True):
    """How events are delivered; times in seconds."""

    # Delays between the attempts of one delivery; it is given up by time, not by their number.
    retry: Schedule = Schedule(
        delays=(
            5.0,
            30.0,
            2 * MINUTE,
            5 * MINUTE,
            15 * MINUTE,
            30 * MINUTE,
            HOUR,
            2 * HOUR,
            4 * HOUR,
            8 * HOUR,
        )
    )
    # How long a delivery is tried.
    retry_seconds: float = 3 * DAY
    # A webhook is disabled with a delivery that is given up when nothing has succeeded for this share of
    # that time: the first attempt of all came a little later than the event.
    failing_share: float = 0.9
    # Per webhook: deliveries of different chats at the same time.
    at_once: int = 4
    # Per webhook: deliveries that are read ahead, and chats that wait for another attempt; with as many as
    # that the receiver is down, and the rest stays in the database.
    window: int = 64
    waiting: int = 256
    # After so many failures in a row one delivery at a time is tried, after pauses that grow up to a minute.
    breaker: int = 5
    longest_pause: float = MINUTE
    # A receiver that comes back has everything that waits brought to it, but not more often than this.
    recovery_gap: float = MINUTE
    # How often everything is looked through for what nobody told of.
    look_every: float = 2.0
    # A longer wish of a receiver than this is not honoured.
    longest_retry_after: float = DAY


def delivery_settings(settings: Settings) -> DeliverySettings:
    """What of the gateway's settings deliveries keep to. The delays are given for three days, and are in
    proportion for any other time.
    """
    default = DeliverySettings()
    share = settings.webhook_retry_seconds / default.retry_seconds
    retry = msgspec.structs.replace(
        default.retry, delays=tuple(seconds * share for seconds in default.retry.delays)
    )
    return msgspec.structs.replace(
        default,
        retry=retry,
        retry_seconds=settings.webhook_retry_seconds,
        longest_pause=min(default.longest_pause, retry.delays[4]),
    )
