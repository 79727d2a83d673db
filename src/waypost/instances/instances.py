"""Instances as the API knows them: created, looked up, paired, restarted, logged out, deleted."""

import uuid
from collections.abc import Awaitable, Callable

from waypost.clock import Clock
from waypost.engine.port import QrCode
from waypost.errors import ALREADY_CONNECTED, INSTANCE_NOT_FOUND, InstanceError, InvalidRequest
from waypost.instances.instance import Instance, NetworkName
from waypost.instances.sessions import Sessions
from waypost.instances.state import InstanceState
from waypost.instances.store import InstanceStore

# A pairing process starts in about a second and has its first code a moment later; beyond this the caller
# polls.
QR_WAIT_SECONDS = 20.0


class Instances:
    """The instances of a gateway."""

    def __init__(
        self,
        store: InstanceStore,
        sessions: Sessions,
        clock: Clock,
        drop_requests: Callable[[str], Awaitable[None]],
    ) -> None:
        """`drop_requests` ends what an instance that is deleted has in the outbox."""
        self._store = store
        self._clock = clock
        self._drop_requests = drop_requests
        self.sessions = sessions

    async def create(
        self,
        *,
        name: str,
        phone: str,
        network: NetworkName,
        instance_id: str | None = None,
        caption_as_text: bool = True,
        webhook_url: str | None = None,
    ) -> Instance:
        """Keep a new instance and begin to pair it. `phone` is digits. Raises InvalidRequest."""
        instance = Instance(
            id=_uuid(instance_id) if instance_id else str(uuid.uuid4()),
            name=name,
            phone=phone,
            network=network,
            created_at=self._clock.now(),
            caption_as_text=caption_as_text,
            webhook_url=webhook_url,
        )
        await self._store.add(instance)
        self.sessions.add(instance)
        self.sessions.pair(instance.id)
        return instance

    def get(self, instance_id: str) -> Instance:
        """The instance with that id. Raises InstanceError(INSTANCE_NOT_FOUND)."""
        instance = self.sessions.find(instance_id)
        if instance is None:
            raise InstanceError(INSTANCE_NOT_FOUND)
        return instance

    def list(self) -> list[Instance]:
        """All instances, oldest first."""
        return self.sessions.all()

    async def qr_code(self, instance_id: str) -> QrCode | None:
        """The code to scan, waited for; None when there is none in time or pairing failed."""

        def decided() -> bool:
            state = self.sessions.condition(instance_id).state
            return self.sessions.code(instance_id) is not None or state in (
                InstanceState.FAILED,
                InstanceState.WORKING,
            )

        await self.sessions.until(instance_id, decided, QR_WAIT_SECONDS)
        return self.sessions.code(instance_id)

    async def new_qr_code(self, instance_id: str) -> QrCode | None:
        """A code to scan: the current one while it is valid, else from a new pairing.

        Raises InstanceError(ALREADY_CONNECTED).
        """
        instance = self.get(instance_id)
        if instance.account is not None:
            raise InstanceError(ALREADY_CONNECTED)
        if self.sessions.condition(instance_id).state not in (
            InstanceState.SCAN_QR_CODE,
            InstanceState.STARTING,
        ):
            self.sessions.pair(instance_id)
        return await self.qr_code(instance_id)

    async def set_caption(self, instance_id: str, as_text: bool) -> Instance:
        """Choose whether a caption follows a voice note as a text; counts for calls from now on."""
        self.get(instance_id)
        await self._store.set_caption(instance_id, as_text)
        return self.sessions.change(instance_id, caption_as_text=as_text)

    async def restart(self, instance_id: str) -> None:
        """Connect anew."""
        self.get(instance_id)
        await self.sessions.restart(instance_id)

    async def logout(self, instance_id: str) -> None:
        """Unlink the device; what is in the outbox waits for the next pairing."""
        self.get(instance_id)
        await self.sessions.end(instance_id, "logged_out_here")

    async def delete(self, instance_id: str) -> None:
        """Unlink the device, end its requests with a reason and forget the instance."""
        self.get(instance_id)
        await self.sessions.end(instance_id, "logged_out_here")
        await self._drop_requests(instance_id)
        await self._store.delete(instance_id)
        self.sessions.remove(instance_id)


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise InvalidRequest({"id": ["The id must be a UUID."]}) from None
