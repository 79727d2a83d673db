from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["ok", "skipped", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: what was found, in one sentence, and where it is not well, how to mend
    it. `skipped` is what could not be looked at from here.
    """

    name: str
    state: State
    found: str
    mend: str = ""

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def ok(name: str, found: str) -> Check:
    """Nothing to do."""
    return Check(name, "ok", found)


def skipped(name: str, found: str, mend: str = "") -> Check:
    """It can't be known from here; `mend` says from where."""
    return Check(name, "skipped", found, mend)


def warning(name: str, found: str, mend: str) -> Check:
    """It works, and may not for long."""
    return Check(name, "warning", found, mend)


def failed(name: str, found: str, mend: str) -> Check:
    """It does not work."""
    return Check(name, "failed", found, mend)
