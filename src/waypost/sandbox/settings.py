"""What a sandbox is started with."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """Where a sandbox keeps its state and where it listens; port 0 means any free one.

    `host` is an IP address. Everything listens on loopback unless it says otherwise: whoever reaches the
    control API reads all messages.
    """

    data: Path
    host: str = "127.0.0.1"
    control_port: int = 0
    proxy_port: int = 0
    network_port: int = 0
    """The TLS listener: web socket and media."""
    media_limit: int = 128 * 1024 * 1024
    """Bytes of one encrypted upload; above the largest document that the gateway accepts."""
    frame_limit: int = 4 * 1024 * 1024
    """Bytes of one web socket message; the largest stanza (812 pre-keys) is below 100 kB."""
    first_prekey_count: int = 1
    """What a new device is told that the server holds. 1 makes it upload 50 keys instead of 812 (0.4 s
    less)."""
    close_delay: float = 3.0
    """Seconds between a stream error and the end of the socket: a client that loses its socket sooner may
    drop the error unread and never reconnect (seen in 2 of 100 pairings)."""
    tidy_every: float = 3600.0
    """Seconds between two looks for what nobody needs any more."""
    seeded: bool = True
    """Whether a new state starts with the two contacts of `contacts.seed`."""
