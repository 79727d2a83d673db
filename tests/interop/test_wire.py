"""What went over the wire while the rows ran, and what both engines ask for beyond messages. Runs last."""

import os
from typing import Any

import pytest
from tests.interop import wire
from tests.interop.gateway import Waypost
from tests.interop.told import PUZZLED, Told

from waypost.sandbox.client import SandboxClient
from waypost.testing.driven import DrivenFailed
from waypost.testing.phones import Phone

pytestmark = pytest.mark.asyncio(loop_scope="session")

ADA = "491700000001@s.whatsapp.net"
BAILEYS_ASKS: list[tuple[str, list[Any]]] = [
    ("onWhatsApp", ["+491700000001"]),
    ("fetchStatus", [ADA]),
    ("presenceSubscribe", [ADA]),
    ("sendPresenceUpdate", ["recording", ADA]),
    ("fetchBlocklist", []),
    ("fetchPrivacySettings", [True]),
    ("updateReadReceiptsPrivacy", ["all"]),
    ("groupFetchAllParticipating", []),
    ("getBusinessProfile", [ADA]),
    ("fetchDisappearingDuration", [ADA]),
    ("updateDefaultDisappearingMode", [0]),
    ("updateProfileStatus", ["busy"]),
    ("getBotListV2", []),
    ("getCatalog", [{"jid": ADA}]),
    ("cleanDirtyBits", ["account_sync"]),
    ("fetchAccountReachoutTimelock", []),
    ("resyncAppState", [["regular_low"], False]),
    ("digestKeyBundle", []),
    ("rotateSignedPreKey", []),
    ("uploadPreKeysToServerIfRequired", []),
    ("sendWAMBuffer", [[1]]),
]
WHATSMEOW_ASKS: list[tuple[str, list[Any]]] = [
    ("is_on_whatsapp", ["+491700000001"]),
    ("get_user_info", [ADA]),
    ("get_user_devices", [ADA]),
    ("subscribe_presence", [ADA]),
    ("get_blocklist", []),
    ("get_privacy_settings", []),
    ("get_status_privacy", []),
    ("get_joined_groups", []),
    ("set_default_disappearing_timer", [0]),
    ("set_passive", [False]),
    ("get_subscribed_newletters", []),
]
GROUP = "120363000000000001@g.us"
# What the sandbox does not have is refused in so many words, not left unanswered.
REFUSED: dict[str, list[tuple[str, list[Any]]]] = {
    "baileys": [
        ("profilePictureUrl", [ADA]),
        ("groupMetadata", [GROUP]),
        ("newsletterFollow", ["120363000000000002@newsletter"]),
    ],
    "whatsmeow": [("get_profile_picture", [ADA]), ("get_group_info", [GROUP])],
}
ASKS = {"baileys": BAILEYS_ASKS, "whatsmeow": WHATSMEOW_ASKS}


async def test_what_an_engine_asks_for_beyond_messages_is_answered(phone: Phone) -> None:
    for method, args in ASKS[phone.engine]:
        await phone.driven.call("ask", method=method, args=args)
    for method, args in REFUSED[phone.engine]:
        with pytest.raises(DrivenFailed):
            await phone.driven.call("ask", method=method, args=args)


async def test_every_request_met_a_handler_and_every_stanza_made_sense(
    us: Waypost, sandbox: SandboxClient
) -> None:
    counts = (await sandbox.stats()).counts
    assert not {name: counts[name] for name in PUZZLED if counts.get(name)}, await _unknown(sandbox)


async def test_no_engine_says_anything_new(told: Told, us: Waypost) -> None:
    assert {"baileys", "waypost", "whatsmeow", "pairing"} == set(told.shapes), "run the whole folder"
    if os.environ.get("INTEROP_RECORD"):
        told.changes = wire.record(told.shapes, complete=not told.failed) or ["nothing new on the wire"]
        return
    new = wire.added(told.shapes, wire.known())
    assert not new, "see whether the sandbox answers these well, then: make interop RECORD=1"


async def _unknown(sandbox: SandboxClient) -> list[str]:
    return [line.what for line in await sandbox.log(2000) if line.way == "note"]
