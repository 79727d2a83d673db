"""Pairing a new device: QR codes with their time limits, until a phone scans one.

The library says nothing when its codes are used up, so the timers are ours: whatsmeow's `events.QR` names 60
s for the first code and 20 s for each other.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from neonize.proto import Neonize_pb2 as proto

from waypost.engine.hosts.whatsmeow import incoming
from waypost.engine.hosts.whatsmeow.client import Client
from waypost.engine.hosts.whatsmeow.jids import with_device
from waypost.engine.hosts.whatsmeow.library import QR_CODE
from waypost.engine.hosts.whatsmeow.refusals import plain
from waypost.engine.hosts.whatsmeow.session import MakeClient
from waypost.engine.port import Paired, PairingEvent, PairingFailed, QrCode
from waypost.errors import CLIENT_OUTDATED, PAIRING_FAILED, EngineError

FIRST_CODE_S: Final = 60.0
OTHER_CODE_S: Final = 20.0
_LOGIN_S: Final = 20.0  # from the scan to the first login; the store is complete before that

_OTHER_CODES: Final = 5
# The server lets only known browsers be linked by code, under a name of this form (whatsmeow, pair-code.go).
_CHROME: Final = 1
_DISPLAYED: Final = "Chrome (Linux)"

_UNREACHABLE: Final = -1
# Before the first connect is tried once more. It fails for the store's sake too: its tables are made first.
_AGAIN_S: Final = (0.3, 1.0, 2.0)
_ENDS: Final = {_UNREACHABLE, incoming.LOGGED_OUT, incoming.CONNECT_FAILURE, incoming.OUTDATED}

Report = Callable[[PairingEvent | None], Awaitable[None]]


class HostedPairing:
    """One attempt. `report` gets each step; None says that the codes are used up and nobody scanned."""

    def __init__(
        self,
        make_client: MakeClient,
        report: Report,
        first_lasts: float = FIRST_CODE_S,
        others_last: float = OTHER_CODE_S,
        phone: str | None = None,
        again: Sequence[float] = _AGAIN_S,
    ) -> None:
        """With `phone` (digits), a code to type into it is shown; QR codes go unseen, and their end is its
        end."""
        self._report = report
        self._first_lasts = first_lasts
        self._others_last = others_last
        self._phone = phone
        self._again = again
        self._events: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._make_client = make_client
        self._client: Client = make_client(incoming.PAIRING_EVENTS, self._on_event)

    async def run(self) -> None:
        """Pair; ends after Paired, PairingFailed or the last code."""
        async with asyncio.TaskGroup() as group:
            connection = group.create_task(self._connect())
            await self._report(await self._follow())
            connection.cancel()

    async def _connect(self) -> None:
        for delay in self._again:
            await self._client.run()
            await asyncio.sleep(delay)
            self._client = self._make_client(incoming.PAIRING_EVENTS, self._on_event)
        reason = await self._client.run()
        self._events.put_nowait((_UNREACHABLE, reason.encode()))

    async def _follow(self) -> PairingEvent | None:
        lasts: float | None = None
        while True:
            try:
                async with asyncio.timeout(lasts):
                    code, data = await self._events.get()
            except TimeoutError:
                return None
            if code == incoming.PAIR_STATUS:
                return await self._scanned(proto.PairStatus.FromString(data))
            if code in _ENDS:
                return _failure(code, data)
            if code != QR_CODE:
                continue
            first, lasts = lasts is None, self._first_lasts if lasts is None else self._others_last
            if self._phone is None:
                await self._report(QrCode(text=data.decode(), expires_at=time.time() + lasts))
            elif first and (refused := await self._show_code(self._phone)) is not None:
                return refused

    async def _show_code(self, phone: str) -> PairingFailed | None:
        """Show the code to type; why there is none. Now that QR codes come, the connection stands."""
        wanted = proto.PairPhoneParams(
            phone=phone, showPushNotification=True, clientType=_CHROME, clientDisplayName=_DISPLAYED
        )
        data = bytes(wanted.SerializeToString())
        await self._client.settled()  # the first event is told a moment before
        try:
            told = await self._client.call(lambda library, client: library.account.pair_phone(client, data))
        except EngineError as error:
            return _failed(error.message)
        answer = proto.PairPhoneReturnFunction.FromString(told)
        if answer.Error:
            return _failed(plain(answer.Error))
        lasts = self._first_lasts + _OTHER_CODES * self._others_last
        await self._report(QrCode(text=answer.Code, expires_at=time.time() + lasts, typed=True))
        return None

    async def _scanned(self, status: Any) -> PairingEvent:
        """The store holds the device now; the first login completes it with keys at the server."""
        jid = with_device(status.ID)
        if status.Error or jid is None:
            return _failed(status.Error)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOGIN_S):
                while (event := await self._events.get())[0] != incoming.CONNECTED:
                    if event[0] in _ENDS:
                        return _failure(*event)
        await self._client.disconnect()
        return Paired(jid=jid, lid=None)

    def _on_event(self, code: int, data: bytes) -> None:
        self._loop.call_soon_threadsafe(self._events.put_nowait, (code, data))


def _failed(reason: str) -> PairingFailed:
    return PairingFailed(code=PAIRING_FAILED.code, reason=reason[:200] or PAIRING_FAILED.sentence)


def _failure(code: int, data: bytes) -> PairingFailed:
    if code == incoming.OUTDATED:
        return PairingFailed(code=CLIENT_OUTDATED.code, reason=CLIENT_OUTDATED.sentence)
    if code == _UNREACHABLE:
        return _failed(f"The first connect failed: {plain(data.decode(errors='replace'))}")
    return _failed("The server ended the pairing.")
