"""An instance: one WhatsApp account on this gateway."""

from typing import Literal

import msgspec

from waypost.instances.overrides import Overrides
from waypost.instances.state import InstanceState

NetworkName = Literal["whatsapp", "sandbox"]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the account since it was paired; `jid` carries the device."""

    jid: str
    lid: str | None = None
    push_name: str = ""


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the instances. `phone` is digits only; times are seconds since the epoch.

    `account` is there from pairing to logout: with it, the session is opened again after a restart. Without
    it, `ended` is the reason code of the end, empty when it was never paired.
    """

    id: str
    name: str
    phone: str
    network: NetworkName
    created_at: float
    caption_as_text: bool = True
    webhook_url: str | None = None
    ended: str = ""
    account: Account | None = None
    overrides: Overrides = Overrides()


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """How an instance is right now: not stored, since a restart finds out anew.

    `until` where the reason has an end (a ban); `connected_at` while WORKING.
    """

    state: InstanceState
    reason: str
    since: float
    until: float | None = None
    connected_at: float | None = None
