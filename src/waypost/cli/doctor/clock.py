"""Clocks decide when requests expire and what TLS believes; leases are counted by the database's alone."""

from typing import Final

from waypost.cli.doctor.check import Check, ok, warning
from waypost.cli.doctor.check import failed as failure

# An HTTP Date has whole seconds, and answers take their time.
_TOLERATED_S: Final = 5.0
# Certificates, idempotency keys and expiries are wrong by as much.
_FAILED_S: Final = 300.0
_MEND: Final = "Have the machine keep its time by NTP: timedatectl set-ntp true, or chrony."


def clock(other: str, ahead: float, uncertain: float) -> Check:
    """Our clock beside `other`'s, which is `ahead` seconds, give or take `uncertain`."""
    name = f"clock, beside {other}"
    off = max(abs(ahead) - uncertain, 0.0)
    if off <= _TOLERATED_S:
        return ok(name, f"They agree within {max(abs(ahead), uncertain):.1f} s.")
    says = f"This machine's clock is {abs(ahead):.0f} s {'behind' if ahead > 0 else 'ahead of'} it."
    if off <= _FAILED_S:
        return warning(name, says, _MEND)
    return failure(name, says, _MEND)
