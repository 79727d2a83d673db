"""The task that plays all parties: it empties their queues, checks media and pays the receipts they owe."""

import asyncio
import sqlite3
from functools import partial
from typing import Final

from waypost.sandbox.contacts import arrivals, attachments, content, outgoing
from waypost.sandbox.contacts.attachments import MediaReference
from waypost.sandbox.media.files import MediaFiles
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.state import inbox, parties, queue
from waypost.sandbox.state.inbox import Received
from waypost.sandbox.state.queue import Waiting
from waypost.sandbox.wire import media as cipher
from waypost.sandbox.wire.errors import WireError

_BATCH: Final = 32
"""Stanzas decrypted in one transaction: 32 of them take about 20 ms."""
_RECEIPTS: Final = 256


async def play(network: Network) -> None:
    """Run until cancelled."""
    while True:
        network.parties.clear()
        busy = await _empty_queues(network)
        busy |= await _check_media(network)
        busy |= await _pay_receipts(network)
        if busy:
            continue
        due = await network.store.run(inbox.next_due)
        try:
            async with asyncio.timeout(None if due is None else max(due - network.clock.now(), 0.0)):
                await network.parties.wait()
        except TimeoutError:
            continue


async def _empty_queues(network: Network) -> bool:
    batch = await network.store.run(lambda rows: queue.for_parties(rows, _BATCH))
    if not batch:
        return False
    silent = {waiting.seq: await _is_silent(network, waiting) for waiting in batch}
    touched, broken = await network.store.run(lambda rows: _handle(rows, network, batch, silent))
    for reason in broken:
        network.note(None, "note", f"a contact could not read a stanza: {reason}")
        network.log.warning("sandbox.party_refused", reason=reason)
    network.wake(touched)
    await _announce(network)
    return True


async def _is_silent(network: Network, waiting: Waiting) -> bool:
    if waiting.kind != "message":
        return False
    return await network.failures.take("no_receipts", contact=waiting.number) is not None


def _handle(
    rows: sqlite3.Connection, network: Network, batch: list[Waiting], silent: dict[int, bool]
) -> tuple[outgoing.Touched, list[str]]:
    touched: outgoing.Touched = []
    broken: list[str] = []
    now = network.clock.now()
    for waiting in batch:
        rows.execute("SAVEPOINT stanza")
        try:
            touched += arrivals.handle(rows, network, waiting, now, silent[waiting.seq])
        except Exception as error:  # noqa: BLE001 - one stanza must not deafen all contacts
            rows.execute("ROLLBACK TO stanza")
            queue.remove(rows, waiting.seq)
            broken.append(repr(error))
        rows.execute("RELEASE stanza")
    return touched, broken


async def _check_media(network: Network) -> bool:
    pending = await network.store.run(lambda rows: inbox.unchecked(rows, _BATCH))
    for received in pending:
        verdict = await asyncio.to_thread(_verdict, network.media, received)
        await network.store.run(partial(inbox.set_media, seq=received.seq, media=verdict))
    if pending:
        await _announce(network)
    return bool(pending)


def _verdict(files: MediaFiles, received: Received) -> str:
    reference = reference_of(received)
    if reference is None:
        return "none"
    blob = None if reference.token is None else files.read(reference.token)
    if blob is None:
        return "missing"
    try:
        open_media(reference, blob)
    except WireError:
        return "corrupt"
    return "ok"


def reference_of(received: Received) -> MediaReference | None:
    """The file that a received message refers to."""
    return attachments.media_of(content.unwrapped(content.parse(received.raw)))


def open_media(reference: MediaReference, blob: bytes) -> bytes:
    """The decrypted file; WireError when a hash, the MAC or the padding is wrong."""
    return cipher.decrypt(
        blob,
        reference.kind,
        reference.key,
        file_sha256=reference.file_sha256,
        file_enc_sha256=reference.file_enc_sha256,
    )


async def _pay_receipts(network: Network) -> bool:
    now = network.clock.now()

    def pay(rows: sqlite3.Connection) -> tuple[outgoing.Touched, bool]:
        touched: outgoing.Touched = []
        taken = inbox.take_due(rows, now, _RECEIPTS)
        for due in taken:
            party = parties.find(rows, due.number)
            if party is not None:
                touched += outgoing.pay(rows, party, due, now)
        return touched, bool(taken)

    touched, busy = await network.store.run(pay)
    network.wake(touched)
    return busy


async def _announce(network: Network) -> None:
    async with network.inbox:
        network.inbox.notify_all()
