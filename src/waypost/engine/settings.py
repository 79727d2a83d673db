"""How the engine is run."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Times are seconds. `folder` holds a folder per instance."""

    folder: Path
    sessions_per_process: int = 50
    start_within: float = 30.0  # an engine process; 0.3 s on an idle machine
    start_patience: float = 4.0  # a session whose store opens so slowly moves to a process of its own
    call_within: float = 30.0  # a question to the server
    upload_within: float = 120.0
    ack_within: float = (
        15.0  # after the call to send; then the connection is made anew, so that other chats go on
    )
    turn_within: float = 20.0  # for a send to be given to the library
    silence_within: float = 60.0  # an engine process that answers no ping for so long is ended
    pairing_within: float = 600.0  # how long codes are renewed while nobody scans
    restart_delays: tuple[float, ...] = (0.0, 0.2, 1.0, 2.0, 5.0, 15.0, 30.0)
    stable_after: float = 3.0  # a process that lived so long is replaced without delay
    reconnect_failed_after: float = 60.0  # after a refusal that the server gave no end to
