"""Holds what was accepted against what the contacts decrypted."""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.load import Posted

from waypost.sandbox.views import InboxMessage


@dataclass
class Counts:
    """What a run ended with; everything from `lost` on must stay empty."""

    accepted: int = 0
    delivered: int = 0
    failed: int = 0
    unknown: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    captions_wrong: list[str] = field(default_factory=list)
    unknown_though_delivered: list[str] = field(default_factory=list)

    def line(self) -> str:
        """One line for the log of a test run."""
        return (
            f"accepted {self.accepted}, delivered once {self.delivered}, "
            f"failed with a reason {self.failed} {dict(self.reasons) or ''}, "
            f"outcome unknown {self.unknown}, lost {len(self.lost)}, twice {len(self.twice)}, "
            f"out of order {len(self.out_of_order)}, unfinished {len(self.unfinished)}, "
            f"captions wrong {len(self.captions_wrong)}"
        )

    def broken(self) -> list[str]:
        """Every broken promise, in words."""
        return [
            *(f"lost: {item}" for item in self.lost),
            *(f"twice: {item}" for item in self.twice),
            *(f"out of order: {item}" for item in self.out_of_order),
            *(f"unfinished: {item}" for item in self.unfinished),
            *(f"caption: {item}" for item in self.captions_wrong),
            *(f"unknown though delivered: {item}" for item in self.unknown_though_delivered),
        ]


def settle(
    posted: Sequence[Posted],
    requests: Mapping[str, Mapping[str, Any]],
    inbox: Sequence[InboxMessage],
    counts: Counts,
) -> None:
    """Add one chat to `counts`: its requests in order, how each ended, what its contact decrypted."""
    for message in inbox:
        if message.times > 1:
            counts.twice.append(f"{posted[0].contact}: {message.id} decrypted {message.times} times")
    arrived = Counter(message.audio.file_sha256.hex() for message in inbox if message.audio is not None)
    for item in posted:
        counts.accepted += 1
        request = requests[item.uuid]
        times = arrived[item.sha256]
        _one(item, request, times, counts)
    _order(posted, inbox, counts)
    _captions(posted, requests, inbox, counts)


def _one(item: Posted, request: Mapping[str, Any], times: int, counts: Counts) -> None:
    name = f"{item.contact} #{item.number} ({item.uuid})"
    if times > 1:
        counts.twice.append(f"{name}: {times} times")
    if request["status"] == "sent":
        counts.delivered += times == 1
        if times == 0:
            counts.lost.append(name)
    elif request["status"] == "failed" and request["error"]["code"] == "outcome_unknown":
        counts.unknown += 1
        if times:
            counts.unknown_though_delivered.append(name)
    elif request["status"] in ("failed", "cancelled"):
        counts.failed += 1
        counts.reasons[request["error"]["code"]] += 1
        if times:
            counts.lost.append(f"{name}: failed as {request['error']['code']}, and arrived")
    else:
        counts.unfinished.append(f"{name}: {request['status']}, waiting for {request['waiting_for']}")


def _order(posted: Sequence[Posted], inbox: Sequence[InboxMessage], counts: Counts) -> None:
    place = {item.sha256: item for item in posted}
    arrived = [
        place[digest] for m in inbox if m.audio is not None and (digest := m.audio.file_sha256.hex()) in place
    ]
    for one, after in itertools.pairwise(arrived):
        if after.number < one.number:
            counts.out_of_order.append(
                f"{one.contact}: #{after.number} ({after.uuid}) after #{one.number} ({one.uuid})"
            )


def _captions(
    posted: Sequence[Posted],
    requests: Mapping[str, Mapping[str, Any]],
    inbox: Sequence[InboxMessage],
    counts: Counts,
) -> None:
    """A caption comes once, right after its note, never without it; or the request says why it did not."""
    for item in posted:
        if item.caption is None:
            continue
        name = f"{item.contact} #{item.number} ({item.uuid})"
        times = sum(message.text == item.caption for message in inbox)
        place = next((index for index, message in enumerate(inbox) if _is_note(message, item)), None)
        told = (requests[item.uuid]["response_body"] or {}).get("caption_error")
        if times > 1 or (times and (place is None or inbox[place + 1].text != item.caption)):
            counts.captions_wrong.append(f"{name}: {times} times, or not right after its note")
        elif told is not None:
            counts.unknown += told["code"] == "outcome_unknown"
            if times:
                counts.unknown_though_delivered.append(f"{name}: the caption")
        elif times == 0 and requests[item.uuid]["status"] == "sent":
            counts.captions_wrong.append(f"{name}: lost without a word")


def _is_note(message: InboxMessage, item: Posted) -> bool:
    return message.audio is not None and message.audio.file_sha256.hex() == item.sha256
