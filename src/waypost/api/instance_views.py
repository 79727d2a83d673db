"""An instance as callers see it."""

from typing import Any, Literal

import msgspec

from waypost.api.webhook_view import WebhookView
from waypost.clock import iso
from waypost.instances.instance import Instance, NetworkName
from waypost.instances.instances import Instances
from waypost.instances.overrides import CallChoice, PacingOverrides
from waypost.instances.state import sentence

Status = Literal["PENDING", "STOPPED", "STARTING", "SCAN_QR_CODE", "WORKING", "FAILED"]


class InstanceView(msgspec.Struct, frozen=True, kw_only=True):
    """An instance as it is listed. `access_token` is told once, by create-instance; `reason` says why it is
    not WORKING.
    """

    id: str
    name: str
    phone: str
    service_type: Literal["whatsapp"]
    status: Status
    reason: str
    reason_message: str
    network: NetworkName
    caption_as_text: bool
    pacing: PacingOverrides
    when_unknown: Literal["fail", "resend"] | None
    calls: CallChoice
    access_token: str | None
    created_at: str


class InstanceWithCode(InstanceView, frozen=True, kw_only=True):
    """An instance with what has to be scanned: `qr_code` is a PNG in base64, `qr_text` what it says."""

    qr_code: str | None
    qr_text: str | None
    qr_expires_at: str | None


class CreatedInstance(InstanceWithCode, frozen=True, kw_only=True):
    """A new instance; `webhook`, with its secrets, where a webhook_url was given."""

    webhook: WebhookView | None


class InstanceWithPairingCode(InstanceView, frozen=True, kw_only=True):
    """An instance with the code that its user types into the phone."""

    pairing_code: str | None
    pairing_code_expires_at: str | None


def view(instances: Instances, instance: Instance) -> dict[str, Any]:
    """The fields of an InstanceView; its token is told elsewhere."""
    condition = instances.known.condition(instance.id)
    return {
        "id": instance.id,
        "name": instance.name,
        "phone": f"+{instance.phone}",
        "service_type": "whatsapp",
        "status": condition.state.value,
        "reason": condition.reason,
        "reason_message": sentence(condition.reason),
        "network": instance.network,
        "caption_as_text": instance.caption_as_text,
        "pacing": instance.overrides.pacing,
        "when_unknown": instance.overrides.when_unknown,
        "calls": instance.overrides.calls,
        "access_token": None,
        "created_at": iso(instance.created_at),
    }
