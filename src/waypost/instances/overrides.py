from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

_Count = Annotated[int, Meta(ge=0)]
_Seconds = Annotated[float, Meta(ge=0)]


class PacingOverrides(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What of `WAYPOST_PACING_…` is another for one instance; what is absent is as the gateway has it.

    `enabled`: whether it is paced at all. Times in seconds.
    """

    enabled: bool | UnsetType = UNSET
    open_chats: bool | UnsetType = UNSET
    gap_seconds: _Seconds | UnsetType = UNSET
    jitter: Annotated[float, Meta(ge=0, le=1)] | UnsetType = UNSET
    per_minute: _Count | UnsetType = UNSET
    per_day: _Count | UnsetType = UNSET
    first_contacts: _Count | UnsetType = UNSET
    warm_up_days: _Count | UnsetType = UNSET
    show_seconds: _Seconds | UnsetType = UNSET
    breaker_failures: _Count | UnsetType = UNSET
    breaker_seconds: _Seconds | UnsetType = UNSET

    def given(self) -> dict[str, Any]:
        """Those that are there, by name."""
        values = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: value for name, value in values.items() if value is not UNSET}


class CallChoice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What becomes of calls: `reject` declines them, `text` is sent to whoever called then."""

    reject: bool = False
    text: Annotated[str, Meta(min_length=1, max_length=4096)] | None = None


class Overrides(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Choices of the operator for one instance, in the place of the gateway's settings."""

    pacing: PacingOverrides = PacingOverrides()
    when_unknown: Literal["fail", "resend"] | None = None
    calls: CallChoice = CallChoice()
