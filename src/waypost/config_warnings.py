from waypost.config import Settings
from waypost.config_text import is_loopback


def warnings(settings: Settings) -> list[str]:
    """Legal settings that are risky together, one sentence each."""
    risky = []
    if not is_loopback(settings.host) and not settings.public_url.startswith("https:"):
        risky.append(
            f"The API listens on {settings.host} without TLS in front (WAYPOST_PUBLIC_URL is not https): "
            "tokens travel in clear text."
        )
    if "0.0.0.0/0" in settings.fetch_allow or "::/0" in settings.fetch_allow:
        risky.append("WAYPOST_FETCH_ALLOW allows every address: callers can reach your internal network.")
    if settings.keep_events_seconds <= settings.webhook_retry_seconds:
        risky.append(
            "WAYPOST_KEEP_EVENTS_SECONDS is not above WAYPOST_WEBHOOK_RETRY_SECONDS: events are forgotten "
            "before they are dead letters."
        )
    if settings.unknown_seconds >= settings.expires_seconds:
        risky.append(
            "WAYPOST_UNKNOWN_SECONDS is not below WAYPOST_EXPIRES_SECONDS: unknown sends may never settle."
        )
    return risky
