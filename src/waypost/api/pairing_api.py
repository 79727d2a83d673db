"""Linking by a code that is typed into the phone, over HTTP."""

from collections.abc import Sequence

from waypost.api.endpoint import BASE, Call, Endpoint
from waypost.api.instance_views import InstanceWithPairingCode, view
from waypost.api.replies import Reply
from waypost.clock import iso
from waypost.config import Settings
from waypost.instances.instances import Instances


class PairingApi:
    """The endpoints of pairing codes."""

    def __init__(self, instances: Instances, settings: Settings) -> None:
        self._instances = instances
        self._settings = settings

    def endpoints(self) -> Sequence[Endpoint]:
        """All of them."""
        return [
            Endpoint(
                method="POST",
                path=f"{BASE}/{{instance}}/request-pairing-code",
                summary="Get a code to type into the phone, in the place of a QR code",
                scope="manage",
                answer=self.new,
                tag="Instances",
                result=InstanceWithPairingCode,
                limit=self._settings.limit_qr_code,
            ),
            Endpoint(
                method="GET",
                path=f"{BASE}/{{instance}}/pairing-code",
                summary="The code that can be typed into the phone now",
                scope="read",
                answer=self.current,
                tag="Instances",
                result=InstanceWithPairingCode,
            ),
        ]

    async def new(self, call: Call) -> Reply:
        """The code to type."""
        await self._instances.new_pairing_code(call.of.id)
        return await self.current(call)

    async def current(self, call: Call) -> Reply:
        """The code that can be typed now, if there is one."""
        code = self._instances.known.pairing_code(call.of.id)
        return Reply(
            body={
                **view(self._instances, call.of),
                "pairing_code": code.text if code else None,
                "pairing_code_expires_at": iso(code.expires_at) if code else None,
            }
        )
