"""Instances as the API knows them: created, looked up, paired, restarted, logged out, deleted."""

import contextlib
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from waypost.clock import Clock
from waypost.engine.port import QrCode
from waypost.errors import (
    ALREADY_CONNECTED,
    INSTANCE_NOT_FOUND,
    InstanceError,
    InvalidRequest,
    StorageError,
)
from waypost.instances.elsewhere import Elsewhere
from waypost.instances.instance import Instance, NetworkName
from waypost.instances.order_desk import OrderDesk
from waypost.instances.orders import OrderKind
from waypost.instances.overrides import Overrides
from waypost.instances.register import Register
from waypost.instances.sessions import Sessions
from waypost.instances.state import ENTER_CODE, InstanceState
from waypost.instances.store import InstanceStore

# A pairing process starts in about a second and has its first code a moment later; beyond this the caller
# polls.
QR_WAIT_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Others:
    """The way to other nodes: what they know, and orders for them."""

    elsewhere: Elsewhere
    desk: OrderDesk


class Instances:
    """The instances of a gateway, or of all the nodes that share a database."""

    def __init__(
        self,
        store: InstanceStore,
        sessions: Sessions,
        register: Register,
        clock: Clock,
        drop_requests: Callable[[str], Awaitable[None]],
        others: Others | None = None,
    ) -> None:
        """`drop_requests` ends what an instance that is deleted has in the outbox; `others` where there may
        be other nodes.
        """
        self._store = store
        self._sessions = sessions
        self._clock = clock
        self._drop_requests = drop_requests
        self._others = others
        self.known = register

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
        self.known.add(instance)
        if self._others is None:
            self._sessions.pair(instance.id)
        else:
            await self._others.desk.place(instance.id, "pair")
        return instance

    def get(self, instance_id: str) -> Instance:
        """The instance with that id. Raises InstanceError(INSTANCE_NOT_FOUND)."""
        instance = self.known.find(instance_id)
        if instance is None:
            raise InstanceError(INSTANCE_NOT_FOUND)
        return instance

    async def look_up(self, instance_id: str) -> Instance | None:
        """The instance with that id, also when another node has made it a moment ago. Raises StorageError."""
        found = self.known.find(instance_id)
        if found is None and self._others is not None:
            found = await self._others.elsewhere.look_up(instance_id)
        return found

    def list(self) -> list[Instance]:
        """All instances, oldest first."""
        return self.known.all()

    async def qr_code(self, instance_id: str) -> QrCode | None:
        """The code to scan, waited for; None when there is none in time or pairing failed."""

        def decided() -> bool:
            state = self.known.condition(instance_id).state
            return self.known.code(instance_id) is not None or state in (
                InstanceState.FAILED,
                InstanceState.WORKING,
            )

        await self.known.until(instance_id, decided, QR_WAIT_SECONDS)
        if self._others is not None and self._sessions.holds(instance_id):
            # Whoever got it here may ask for it at another node next.
            with contextlib.suppress(StorageError):  # written down in a moment anyway
                await self._others.elsewhere.flush(instance_id)
        return self.known.code(instance_id)

    async def look_again(self, instance_id: str) -> None:
        """Take in how an instance is that another node holds, since word of it may be on its way. Raises
        StorageError.
        """
        if self._others is not None and not self._sessions.holds(instance_id):
            await self._others.elsewhere.read(instance_id)

    async def new_qr_code(self, instance_id: str) -> QrCode | None:
        """A code to scan: the current one while it is valid, else from a new pairing.

        Raises InstanceError(ALREADY_CONNECTED).
        """
        instance = self.get(instance_id)
        if instance.account is not None:
            raise InstanceError(ALREADY_CONNECTED)
        condition = self.known.condition(instance_id)
        pairs = condition.state in (InstanceState.SCAN_QR_CODE, InstanceState.STARTING)
        if not pairs or condition.reason == ENTER_CODE:
            await self._have(instance_id, "pair")
        return await self.qr_code(instance_id)

    async def new_pairing_code(self, instance_id: str) -> QrCode | None:
        """A code to type into the phone: the current one while it is valid, else from a new pairing, waited
        for; None when there is none in time or pairing failed.

        Raises InstanceError(ALREADY_CONNECTED).
        """
        if self.get(instance_id).account is not None:
            raise InstanceError(ALREADY_CONNECTED)
        if self.known.pairing_code(instance_id) is None:
            await self._have(instance_id, "pair_by_code")

        def decided() -> bool:
            failed = self.known.condition(instance_id).state is InstanceState.FAILED
            return failed or self.known.pairing_code(instance_id) is not None

        await self.known.until(instance_id, decided, QR_WAIT_SECONDS)
        return self.known.pairing_code(instance_id)

    async def set_caption(self, instance_id: str, as_text: bool) -> Instance:
        """Choose whether a caption follows a voice note as a text; counts for calls from now on."""
        self.get(instance_id)
        await self._store.set_caption(instance_id, as_text)
        changed = self.known.change(instance_id, caption_as_text=as_text)
        return changed or self.get(instance_id)

    async def set_overrides(self, instance_id: str, overrides: Overrides) -> Instance:
        """Choose what the gateway's settings are for this instance."""
        self.get(instance_id)
        await self._store.set_overrides(instance_id, overrides)
        return self.known.change(instance_id, overrides=overrides) or self.get(instance_id)

    async def restart(self, instance_id: str) -> None:
        """Connect anew."""
        await self._have(instance_id, "restart")

    async def logout(self, instance_id: str) -> None:
        """Unlink the device; what is in the outbox waits for the next pairing."""
        await self._have(instance_id, "logout")

    async def delete(self, instance_id: str) -> None:
        """Unlink the device, end its requests with a reason and forget the instance."""
        await self._have(instance_id, "delete")
        self.known.remove(instance_id)

    async def carry_out(self, instance_id: str, kind: OrderKind) -> None:
        """Do here, where the instance is held, what was asked of any node. May be repeated."""
        if kind == "delete" and self.known.find(instance_id) is None:
            return
        self.get(instance_id)
        match kind:
            case "pair":
                self._pair(instance_id)
            case "pair_by_code":
                self._pair(instance_id, by_code=True)
            case "restart":
                await self._sessions.restart(instance_id)
            case "logout":
                await self._sessions.end(instance_id, "logged_out_here")
            case "delete":
                await self._sessions.end(instance_id, "logged_out_here")
                await self._drop_requests(instance_id)
                await self._store.delete(instance_id)
                self.known.remove(instance_id)
        if self._others is not None:
            # Whoever asked looks at it next.
            await self._others.elsewhere.flush(instance_id)

    def _pair(self, instance_id: str, *, by_code: bool = False) -> None:
        if self.get(instance_id).account is not None:
            raise InstanceError(ALREADY_CONNECTED)
        self._sessions.pair(instance_id, by_code=by_code)

    async def _have(self, instance_id: str, kind: OrderKind) -> None:
        """Have an order carried out by the node that holds the instance. Raises InstanceError."""
        self.get(instance_id)
        if self._others is None or self._sessions.holds(instance_id):
            await self.carry_out(instance_id, kind)
            return
        await self._others.desk.ask(instance_id, kind)
        await self._others.elsewhere.read(instance_id)


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise InvalidRequest({"id": ["The id must be a UUID."]}) from None
