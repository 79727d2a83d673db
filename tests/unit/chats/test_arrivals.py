"""What is told of what arrives, with real stores and no network."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from waypost.chats.arrivals import Arrivals
from waypost.chats.calls import Calls
from waypost.chats.directory import Directory
from waypost.chats.telling import Telling
from waypost.engine.port import EngineEvent, MessageArrived, MessageUndecrypted, ReceiptArrived
from waypost.events import Event
from waypost.instances.instance import Account, Instance
from waypost.instances.lids import Lids
from waypost.storage.chats import SqlChats
from waypost.storage.held_events import SqlHeldEvents
from waypost.storage.instances import SqlInstances
from waypost.storage.lids import SqlLids
from waypost.storage.sqlite.database import opened
from waypost.telemetry import make_log
from waypost.testing.clock import FakeClock

US, THEM, LID = "447700900001@s.whatsapp.net", "447700900002@s.whatsapp.net", "99@lid"
SHOP = Instance(
    id="shop",
    name="shop",
    phone="447700900001",
    network="sandbox",
    created_at=0.0,
    account=Account(jid="447700900001:2@s.whatsapp.net", lid="11@lid"),
)


@dataclass
class House:
    arrivals: Arrivals
    store: SqlChats
    events: dict[str, Event]

    async def payload(self, event: EngineEvent) -> Any:
        """Of what was told of one event."""
        before = set(self.events)
        await self.arrivals.take([event])
        (new,) = set(self.events) - before
        return self.events[new].payload


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    events: dict[str, Event] = {}

    class Published:
        async def publish(self, some: Sequence[Event]) -> None:
            for event in some:
                events.setdefault(event.key, event)

    async with opened(tmp_path / "waypost.db") as database:
        await SqlInstances(database).add(SHOP)
        clock, log = FakeClock(), make_log("error", "text")
        store = SqlChats(database)
        directory = Directory(Lids(SqlLids(database)), {"shop": SHOP}.get)
        telling = Telling(SqlHeldEvents(database), Published(), lambda _: True, lambda _: {}, clock, log)
        calls = Calls(directory, {"shop": SHOP}.get, lambda _: None, lambda: None, clock, log)  # type: ignore[arg-type, return-value]
        yield House(Arrivals(store, directory, telling, calls, lambda: None, clock, log), store, events)


def arrived(id: str, names: dict[str, Any], **more: Any) -> MessageArrived:
    fields: dict[str, Any] = {
        "instance_id": "shop",
        "at": 1.0,
        "key": f"message:{LID}:{LID}:{id}",
        "message_id": id,
        "chat": LID,
        "chat_alt": THEM,
        "sender": LID,
        "sender_alt": THEM,
        "from_me": False,
        "push_name": "Ada",
        "timestamp": 100,
        "content": b"protobuf",
        "names": names,
    }
    return MessageArrived(**fields | more)


async def test_a_message_from_a_lid_shows_the_number_and_both(house: House) -> None:
    told = await house.payload(arrived("A", {"conversation": "hi"}))
    assert (told["id"], told["from"]) == ("false_447700900002@c.us_A", "447700900002@c.us")
    assert (told["fromNumber"], told["fromLid"]) == ("447700900002@c.us", "99@lid")
    stranger = arrived("B", {"conversation": "hi"}, chat="98@lid", sender="98@lid", chat_alt=None)
    told = await house.payload(stranger)
    assert (told["from"], told["fromNumber"], told["fromLid"]) == ("98@lid", None, "98@lid")


async def test_what_comes_again_after_a_crash_is_told_with_the_same_key(house: House) -> None:
    for _ in range(2):
        await house.arrivals.take([arrived("A", {"conversation": "hi"})])
    assert list(house.events) == [f"message:{LID}:{LID}:A"]


async def test_what_the_own_phone_sent_is_from_us_and_read(house: House) -> None:
    own = arrived("A", {"conversation": "hi"}, sender=US, sender_alt=None, from_me=True)
    told = await house.payload(own)
    assert (told["fromMe"], told["source"], told["from"]) == (True, "app", "447700900001@c.us")
    assert (told["to"], told["id"]) == ("447700900002@c.us", "true_447700900002@c.us_A")
    assert await house.store.unseen("shop", [LID], 0, 9) == []


async def test_a_message_that_can_not_be_decrypted_is_waited_for(house: House) -> None:
    event = MessageUndecrypted(
        instance_id="shop",
        at=1.0,
        key="waiting:A",
        message_id="A",
        chat=THEM,
        sender=THEM,
        sender_alt=None,
        from_me=False,
        timestamp=100,
    )
    told = await house.payload(event)
    assert told == {
        "id": "false_447700900002@c.us_A",
        "from": "447700900002@c.us",
        "to": "447700900001@c.us",
        "participant": None,
        "fromMe": False,
        "ack": 0,
        "ackName": "PENDING",
    }


async def test_a_vote_that_can_not_be_opened_says_so(house: House) -> None:
    vote = {"encPayload": "AAAA", "encIv": "AAAAAAAAAAAAAAAA"}
    update = {"pollCreationMessageKey": {"id": "P", "fromMe": True}, "vote": vote}
    told = await house.payload(arrived("A", {"pollUpdateMessage": update}))
    assert (told["vote"]["selectedOptions"], told["poll"]["id"]) == ([], "false_447700900002@c.us_P")
    poll = {"name": "?", "options": [{"optionName": "a"}, {"optionName": "b"}]}
    await house.arrivals.take([arrived("P", {"pollCreationMessage": poll}, secret=bytes(32))])
    again = arrived("B", {"pollUpdateMessage": update})
    await house.arrivals.take([again])
    assert house.events[again.key].name == "poll.vote.failed"


async def test_nobody_edits_or_takes_back_what_others_have_said(house: House) -> None:
    await house.arrivals.take([arrived("A", {"conversation": "mine"}, sender=US, from_me=True)])
    key = {"id": "A", "fromMe": True, "remoteJid": LID}
    edit = {"protocolMessage": {"key": key, "editedMessage": {"conversation": "forged"}}}
    await house.arrivals.take([arrived("B", edit)])
    told = await house.payload(arrived("C", {"protocolMessage": {"key": key, "type": "REVOKE"}}))
    (kept,) = await house.store.find("shop", "A")
    assert (kept.names, kept.edited_at, kept.revoked_at) == (b'{"conversation":"mine"}', None, None)
    assert told["before"] is None


@pytest.mark.parametrize("by_admin", [False, True])
async def test_a_member_takes_back_what_others_said_as_an_admin_alone(house: House, by_admin: bool) -> None:
    group = {"chat": "1@g.us", "chat_alt": None}
    await house.arrivals.take([arrived("A", {"conversation": "theirs"}, **group)])
    key = {"id": "A", "fromMe": False, "remoteJid": "1@g.us", "participant": LID}
    revoke = {"protocolMessage": {"key": key, "type": "REVOKE"}}
    other = {"sender": "98@lid", "sender_alt": None, "by_admin": by_admin}
    told = await house.payload(arrived("B", revoke, **group, **other))
    (kept,) = await house.store.find("shop", "A")
    assert (kept.revoked_at is not None) is by_admin
    assert (told["before"] is not None) is by_admin


async def test_what_the_own_phone_has_read_is_read_here(house: House) -> None:
    await house.arrivals.take([arrived("A", {"conversation": "hi"})])
    assert len(await house.store.unseen("shop", [LID], 0, 9)) == 1
    receipt = ReceiptArrived(
        instance_id="shop",
        at=1.0,
        key="r",
        kind="read-self",
        chat=LID,
        participant=US,
        message_ids=["A"],
        timestamp=1,
    )
    await house.arrivals.take([receipt])
    assert await house.store.unseen("shop", [LID], 0, 9) == []


async def test_one_event_that_can_not_be_told_keeps_no_other_from_coming(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("nobody has thought of this one")

    monkeypatch.setattr("waypost.chats.payloads.message_reaction", broken)
    reaction = arrived("A", {"reactionMessage": {"key": {"id": "X"}, "text": "?"}})
    text = arrived("B", {"conversation": "hi"})
    await house.arrivals.take([reaction, text])
    assert list(house.events) == [text.key]
    assert len(await house.store.find("shop", "A")) == 1


async def test_one_message_that_can_not_be_kept_keeps_no_other_from_coming(house: House) -> None:
    photo = {"imageMessage": {"mediaKey": "a", "fileLength": "9" * 19}}
    text = arrived("C", {"conversation": "hi"}, chat="98@lid", chat_alt=None)
    await house.arrivals.take([arrived("A", photo), arrived("B", photo, timestamp=2**63), text])
    assert [len(await house.store.find("shop", id)) for id in "ABC"] == [1, 0, 1]
    assert list(house.events) == [text.key]


async def test_votes_on_what_is_no_poll_hold_nothing_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def sleep(seconds: float) -> None:
        raise AssertionError(f"whoever votes makes everybody wait for {seconds} s")

    await house.arrivals.take([arrived("A", {"conversation": "mine"}, sender=US, from_me=True)])
    monkeypatch.setattr("asyncio.sleep", sleep)
    update = {"pollCreationMessageKey": {"id": "A", "fromMe": False}, "vote": {"encPayload": "AAAA"}}
    vote = arrived("B", {"pollUpdateMessage": update})
    await house.arrivals.take([vote])
    assert house.events[vote.key].name == "poll.vote.failed"


async def test_what_was_sent_before_is_told_before_what_arrives(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer would come before the question otherwise."""
    told: list[list[str]] = []

    async def flush() -> None:
        told.append(list(house.events))

    monkeypatch.setattr(house.arrivals, "_flush", flush)
    await house.arrivals.take([arrived("A", {"conversation": "yes"})])
    assert told == [[]]
    assert len(house.events) == 1
