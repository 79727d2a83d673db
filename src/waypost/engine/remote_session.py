"""A session in an engine process, as the gateway uses it."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

from waypost.engine import wire
from waypost.engine.account import AccountAnswer, AccountOrder
from waypost.engine.groups import GroupAnswer, GroupOrder
from waypost.engine.port import (
    ChatState,
    Mark,
    MaybeSent,
    NeverSent,
    Recipient,
    SendOrder,
    Sent,
    Settlement,
    Unknowable,
    UploadedMedia,
    UploadKind,
)
from waypost.engine.process import EngineProcess
from waypost.engine.settings import EngineSettings
from waypost.engine.store import Probe
from waypost.errors import (
    ENGINE_DIED,
    NOT_CONNECTED,
    OUTCOME_UNKNOWN,
    SESSION_BUSY,
    EngineError,
    OutcomeUnknown,
    Refused,
)

T = TypeVar("T")

_SLACK_S: Final = 10.0  # for the answer to travel on a busy machine


class RemoteSession:
    """Implements the port's Session. `under_way` are the instance's sends by secret, which outlive a
    session."""

    def __init__(
        self,
        instance_id: str,
        process: EngineProcess,
        probe: Probe,
        mark: Mark,
        settings: EngineSettings,
        under_way: "dict[bytes, asyncio.Task[Sent]]",
    ) -> None:
        self._instance_id = instance_id
        self._process = process
        self._probe = probe
        self._mark = mark
        self._settings = settings
        self._under_way = under_way
        self._retired = False

    @property
    def mark(self) -> Mark:
        """Device JID and generation of the store that sends now."""
        return self._mark

    async def check(self, numbers: Sequence[str]) -> list[Recipient]:
        """Ask the server which of `numbers` are on WhatsApp. Raises EngineError."""
        return await self._call(
            lambda call: wire.CheckNumbers(call=call, session=self._instance_id, numbers=list(numbers)),
            list[Recipient],
            self._settings.call_within,
        )

    async def upload(self, path: Path, kind: UploadKind) -> UploadedMedia:
        """Encrypt and upload the file. Raises EngineError."""
        return await self._call(
            lambda call: wire.UploadFile(call=call, session=self._instance_id, path=str(path), kind=kind),
            UploadedMedia,
            self._settings.upload_within,
        )

    async def send(self, order: SendOrder) -> Sent:
        """Send one message and wait for the ack. Raises EngineError when nothing was sent, else
        OutcomeUnknown.

        A caller that is cancelled leaves the send going: `settle` waits for its end.
        """
        if self._retired:
            raise EngineError(NOT_CONNECTED)
        task = self._under_way[order.secret] = asyncio.create_task(self._send(order))
        task.add_done_callback(lambda done: self._ended(order.secret, done))
        return await asyncio.shield(task)

    async def account(self, order: AccountOrder) -> AccountAnswer:
        """Ask about the account itself, or change it. Raises EngineError."""
        if self._retired:
            raise EngineError(NOT_CONNECTED)
        return await self._call(
            lambda call: wire.AboutAccount(call=call, session=self._instance_id, order=order),
            AccountAnswer,
            self._settings.call_within,
        )

    async def group(self, order: GroupOrder) -> GroupAnswer:
        """Ask about groups, or change one. Raises EngineError."""
        if self._retired:
            raise EngineError(NOT_CONNECTED)
        return await self._call(
            lambda call: wire.AboutGroups(call=call, session=self._instance_id, order=order),
            GroupAnswer,
            self._settings.call_within,
        )

    async def mark_read(self, chat: str, sender: str, message_ids: Sequence[str]) -> None:
        """Tell a sender that its messages were read. Raises EngineError."""
        await self._tell(
            lambda call: wire.MarkRead(
                call=call, session=self._instance_id, chat=chat, sender=sender, message_ids=list(message_ids)
            )
        )

    async def download(self, content: bytes, path: Path) -> int:
        """Fetch and decrypt the file of a message. Raises EngineError."""
        return await self._call(
            lambda call: wire.DownloadFile(
                call=call, session=self._instance_id, content=content, path=str(path)
            ),
            int,
            self._settings.upload_within,
        )

    async def reject_call(self, caller: str, call_id: str) -> None:
        """Decline a call. Raises EngineError."""
        await self._tell(
            lambda call: wire.RejectCall(call=call, session=self._instance_id, caller=caller, call_id=call_id)
        )

    async def chat_presence(self, chat: str, state: ChatState) -> None:
        """Show what the account does in a chat. Raises EngineError."""
        await self._tell(
            lambda call: wire.ShowInChat(call=call, session=self._instance_id, chat=chat, state=state)
        )

    async def presence(self, available: bool) -> None:
        """Show the account as online or not. Raises EngineError."""
        await self._tell(
            lambda call: wire.ShowPresence(call=call, session=self._instance_id, available=available)
        )

    async def settle(self, secret: bytes, mark: Mark) -> Settlement:
        """What became of a send that was begun on the store of `mark`. Raises EngineError."""
        task = self._under_way.get(secret)
        if task is not None:
            done, _ = await asyncio.wait({task}, timeout=self._settings.call_within)
            if not done:
                raise EngineError(SESSION_BUSY)
            if task.exception() is None:
                return MaybeSent(message_id=task.result().message_id)
        return await self._look_up(secret, mark)

    async def drain(self, within: float) -> None:
        """Begin no send any more, and give those under way `within` seconds for their acks."""
        self._retired = True
        if self._under_way:
            await asyncio.wait(set(self._under_way.values()), timeout=within)

    async def _send(self, order: SendOrder) -> Sent:
        await self._probe.write(order.secret)
        settings = self._settings
        try:
            return await self._process.call(
                lambda call: wire.SendMessage(
                    call=call,
                    session=self._instance_id,
                    order=order,
                    turn_within=settings.turn_within,
                    ack_within=settings.ack_within,
                ),
                Sent,
                settings.turn_within + settings.ack_within + _SLACK_S,
            )
        except TimeoutError:
            await self._process.kill()  # it has not kept its own deadlines
        except EngineError as error:
            if error.fault is ENGINE_DIED:
                await self._process.kill()
            elif "server_code" in error.facts:
                raise await self._refused(error, order.secret) from None
            elif error.fault is not OUTCOME_UNKNOWN:
                raise
        raise await self._outcome(order.secret)

    async def _refused(self, error: EngineError, secret: bytes) -> EngineError:
        """The server's refusal, with the id that the message had: the store knows it."""
        with contextlib.suppress(EngineError):
            found = await self._look_up(secret, self._mark)
            if isinstance(found, MaybeSent):
                return Refused(error.fault, error.detail, found.message_id, **error.facts)
        return error

    async def _outcome(self, secret: bytes) -> EngineError:
        """The client that sent is gone or disconnected: what the store says now is final."""
        try:
            found = await self._look_up(secret, self._mark)
        except EngineError as error:
            return OutcomeUnknown(None, error.message)
        match found:
            case NeverSent():
                return EngineError(NOT_CONNECTED)
            case MaybeSent(message_id=message_id):
                return OutcomeUnknown(message_id)
            case Unknowable(reason=reason):
                return OutcomeUnknown(None, reason)

    async def _look_up(self, secret: bytes, mark: Mark) -> Settlement:
        return await self._probe.settle(secret, mark)

    async def _tell(self, make: Callable[[int], wire.Command]) -> None:
        if self._retired:
            raise EngineError(NOT_CONNECTED)
        await self._call(make, type(None), self._settings.call_within)

    async def _call(self, make: Callable[[int], wire.Command], result: type[T], within: float) -> T:
        try:
            return await self._process.call(make, result, within)
        except TimeoutError as error:
            raise EngineError(NOT_CONNECTED, "WhatsApp did not answer in time.") from error

    def _ended(self, secret: bytes, task: asyncio.Task[Sent]) -> None:
        if self._under_way.get(secret) is task:
            del self._under_way[secret]
        if not task.cancelled():
            task.exception()
