"""Run by test_translation.py. Each function is a case."""

from collections.abc import Callable
from typing import Any

import pytest

from waypost.engine.hosts.whatsmeow.library import allow_protobufs, package_folder

allow_protobufs(package_folder())

from neonize.proto import Neonize_pb2 as proto  # noqa: E402
from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message  # noqa: E402

from waypost.engine.hosts.whatsmeow import incoming  # noqa: E402
from waypost.engine.hosts.whatsmeow.jids import to_proto, to_text, with_device  # noqa: E402
from waypost.engine.hosts.whatsmeow.outgoing import message_of, names_of  # noqa: E402
from waypost.engine.port import (  # noqa: E402
    Content,
    MessageArrived,
    Quote,
    ReceiptArrived,
    SendOrder,
    StateChanged,
)
from waypost.errors import CONTENT_INVALID, EngineError  # noqa: E402

SECRET = bytes(32)


def jid(user: str, server: str = "s.whatsapp.net", device: int = 0) -> object:
    return proto.JID(User=user, Server=server, Device=device, RawAgent=0, Integrator=0, IsEmpty=False)


def event(message: object, edit: str = "", timestamp: int = 1_700_000_000, **source: object) -> bytes:
    info = proto.MessageInfo(
        MessageSource=proto.MessageSource(
            Chat=jid("99", "lid"),
            Sender=jid("99", "lid", 2),
            SenderAlt=jid("4915"),
            IsFromMe=False,
            IsGroup=False,
            **source,
        ),
        ID="3A1",
        Pushname="Ann",
        Timestamp=timestamp,
        Type="text",
        ServerID=0,
        Category="",
        Multicast=False,
        MediaType="",
        Edit=edit,
    )
    made = proto.Message(
        Info=info, Message=message, IsEphemeral=False, IsViewOnce=False, IsViewOnceV2=False, IsEdit=False,
        IsViewOnceV2Extension=False, IsDocumentWithCaption=False, IsLottieSticker=False,
        UnavailableRequestID="", RetryCount=0,
    )  # fmt: skip
    return bytes(made.SerializePartialToString())


def a_text_names_chat_sender_and_the_other_address() -> None:
    found = incoming.translate(17, event(Message(conversation="hi")), "shop", 1.0)
    assert isinstance(found, MessageArrived)
    assert (found.chat, found.sender, found.sender_alt) == ("99@lid", "99@lid", "4915@s.whatsapp.net")
    assert (found.key, found.push_name) == ("message:99@lid:99@lid:3A1", "Ann")
    assert Message.FromString(found.content).conversation == "hi"


def what_databases_have_no_place_for_is_left_out() -> None:
    receipt = proto.Receipt(
        MessageSource=proto.MessageSource(
            Chat=jid("99", "lid"), Sender=jid("99", "lid"), IsFromMe=False, IsGroup=False
        ),
        MessageIDs=["3A\0" + "1", "X" * 5000],
        Timestamp=1,
        Type=1,
    )
    found = incoming.translate(18, bytes(receipt.SerializePartialToString()), "shop", 1.0)
    assert isinstance(found, ReceiptArrived)
    assert found.message_ids == ["3A1", "X" * 256]


def a_key_distribution_alone_is_no_message() -> None:
    message = Message()
    message.senderKeyDistributionMessage.groupID = "1@g.us"
    message.messageContextInfo.messageSecret = SECRET
    assert incoming.translate(17, event(message), "shop", 1.0) is None


def what_devices_say_among_themselves_is_no_message() -> None:
    message = Message()
    message.protocolMessage.type = 6  # APP_STATE_SYNC_KEY_SHARE
    assert incoming.translate(17, event(message), "shop", 1.0) is None


def a_revoke_is_a_message() -> None:
    message = Message()
    message.protocolMessage.type = 0
    message.protocolMessage.key.ID = "3A0"
    assert isinstance(incoming.translate(17, event(message), "shop", 1.0), MessageArrived)


def who_takes_back_what_others_said_is_an_admin_by_the_servers_word() -> None:
    message = Message()
    message.protocolMessage.type = 0
    message.protocolMessage.key.ID = "3A0"
    for edit, by_admin in (("7", False), ("8", True)):
        found = incoming.translate(17, event(message, edit), "shop", 1.0)
        assert isinstance(found, MessageArrived)
        assert found.by_admin is by_admin


def a_time_that_can_not_be_true_is_the_time_of_arrival() -> None:
    now = 1_800_000_000.0
    for written, taken in (
        (1_790_000_000, 1_790_000_000),
        (1_790_000_000_123, 1_790_000_000),
        (2**62, 1_800_000_000),
        (-(2**62), 1_800_000_000),
        (0, 1_800_000_000),
        (1_800_100_000, 1_800_000_000),
    ):
        found = incoming.translate(17, event(Message(conversation="hi"), "1", written), "shop", now)
        assert isinstance(found, MessageArrived)
        assert found.timestamp == taken, written


def a_receipt_has_the_same_key_when_it_comes_again() -> None:
    receipt = proto.Receipt(
        MessageSource=proto.MessageSource(
            Chat=jid("99", "lid"), Sender=jid("99", "lid", 3), IsFromMe=False, IsGroup=False
        ),
        MessageIDs=["3EB0", "3EB1"],
        Timestamp=1_700_000_000,
        Type=proto.Receipt.PLAYED,
    ).SerializePartialToString()
    first, again = (incoming.translate(18, receipt, "shop", at) for at in (1.0, 2.0))
    assert isinstance(first, ReceiptArrived)
    assert isinstance(again, ReceiptArrived)
    assert first.key == again.key
    assert (first.kind, first.participant, first.message_ids) == ("played", "99@lid", ["3EB0", "3EB1"])


def a_ban_ends_when_the_server_says() -> None:
    data = proto.TemporaryBan(Code=2, Expire=3600 * 10**9).SerializePartialToString()
    found = incoming.translate(8, data, "shop", 1000.0)
    assert isinstance(found, StateChanged)
    assert (found.state, found.reason, found.until) == ("banned", "blocked_by_users", 4600.0)


def an_event_that_nobody_asked_for_is_nothing() -> None:
    assert incoming.translate(0, b"", "shop", 1.0) is None


def sent(content: Content, quote: Quote | None = None) -> Any:
    order = SendOrder(chat="1@lid", content=content, secret=SECRET, quote=quote)
    return Message.FromString(message_of(order))


def a_text_is_a_conversation_with_its_secret() -> None:
    order = SendOrder(chat="1@lid", content={"conversation": "hi"}, secret=SECRET)
    found = Message.FromString(message_of(order))
    assert found.conversation == "hi"
    assert found.messageContextInfo.messageSecret == SECRET


def a_reply_quotes_without_the_secret_of_what_it_quotes() -> None:
    quoted = Message(conversation="first")
    quoted.messageContextInfo.messageSecret = b"s" * 32
    quote = Quote(message_id="3A1", participant="4915@s.whatsapp.net", content=quoted.SerializeToString())
    order = SendOrder(chat="1@lid", content={"conversation": "hi"}, secret=SECRET, quote=quote)
    context = Message.FromString(message_of(order)).extendedTextMessage.contextInfo
    assert (context.stanzaID, context.participant) == ("3A1", "4915@s.whatsapp.net")
    assert context.quotedMessage.conversation == "first"
    assert not context.quotedMessage.HasField("messageContextInfo")


def every_value_of_a_message_arrives_as_it_was_given() -> None:
    note = {
        "URL": "u",
        "mediaKey": b"\xff\x00",
        "fileLength": 2**40,
        "seconds": 3,
        "PTT": True,
        "waveform": None,
    }
    found = sent({"audioMessage": note}).audioMessage
    assert (found.URL, found.mediaKey, found.fileLength) == ("u", b"\xff\x00", 2**40)
    assert (found.seconds, found.PTT) == (3, True)
    assert not found.HasField("contextInfo")
    nested = {"contactsArrayMessage": {"displayName": "2", "contacts": [{"vcard": "a"}, {"vcard": "b"}]}}
    assert [one.vcard for one in sent(nested).contactsArrayMessage.contacts] == ["a", "b"]
    revoked = sent({"protocolMessage": {"type": "REVOKE", "key": {"ID": "3A1"}}}).protocolMessage
    assert (revoked.HasField("type"), revoked.type, revoked.key.ID) == (True, 0, "3A1")


def a_quote_goes_where_the_message_has_room_for_it() -> None:
    quote = Quote(message_id="3A1", participant="4915@s.whatsapp.net")
    place = sent({"locationMessage": {"degreesLatitude": 1.5}}, quote)
    assert place.locationMessage.contextInfo.stanzaID == "3A1"
    wrapped = {"documentWithCaptionMessage": {"message": {"documentMessage": {"caption": "c"}}}}
    inner = sent(wrapped, quote).documentWithCaptionMessage.message
    assert inner.documentMessage.contextInfo.participant == "4915@s.whatsapp.net"
    named = {"extendedTextMessage": {"text": "@you", "contextInfo": {"mentionedJID": ["99@lid"]}}}
    context = sent(named, quote).extendedTextMessage.contextInfo
    assert (context.stanzaID, list(context.mentionedJID)) == ("3A1", ["99@lid"])


def what_is_not_of_the_protobuf_is_refused_without_telling_its_text() -> None:
    quote = Quote(message_id="3A1", participant="4915@s.whatsapp.net")
    wrong: list[tuple[Content, Quote | None, str]] = [
        ({"audioMesage": {}}, None, "Message has no field audioMesage."),
        ({"audioMessage": {"loudness": 1}}, None, "AudioMessage has no field loudness."),
        ({"contactsArrayMessage": {"contacts": [{"name": "x"}]}}, None, "ContactMessage has no field name."),
        ({"audioMessage": {"seconds": "private"}}, None, "A value is of the wrong kind."),
        ({"audioMessage": {"seconds": -1}}, None, "A value is of the wrong kind."),
        ({"protocolMessage": {"type": "private"}}, None, "A value is of the wrong kind."),
        ({"conversation": 3}, None, "A value is of the wrong kind."),
        ({}, None, "It holds nothing."),
        ({"conversation": None}, None, "It holds nothing."),
        ({"reactionMessage": {"text": "x"}}, quote, "It can't quote, nor be forwarded."),
    ]
    for content, quoted, reason in wrong:
        with pytest.raises(EngineError) as caught:
            sent(content, quoted)
        assert (caught.value.fault, caught.value.detail) == (CONTENT_INVALID, reason)


def what_is_forwarded_says_so_and_forgets_what_it_answered() -> None:
    first = Message(conversation="hi")
    first.messageContextInfo.messageSecret = b"s" * 32
    again = forwarded(first).extendedTextMessage
    assert (again.text, again.contextInfo.isForwarded, again.contextInfo.forwardingScore) == ("hi", True, 1)
    note = Message()
    note.audioMessage.seconds = 3
    note.audioMessage.contextInfo.stanzaID = "3A1"
    note.audioMessage.contextInfo.forwardingScore = 4
    audio = forwarded(note).audioMessage
    assert (audio.seconds, audio.contextInfo.forwardingScore) == (3, 5)
    assert not audio.contextInfo.HasField("stanzaID")
    assert names_of(message_of(forwarding(note.SerializeToString()))) == {
        "audioMessage": {"seconds": 3, "contextInfo": {"isForwarded": True, "forwardingScore": 5}}
    }
    for stored, reason in ((b"\xff", "It can't be read."), (b"", "It can't quote, nor be forwarded.")):
        with pytest.raises(EngineError) as caught:
            message_of(forwarding(stored))
        assert (caught.value.fault, caught.value.detail) == (CONTENT_INVALID, reason)


def forwarding(stored: bytes) -> SendOrder:
    return SendOrder(chat="1@lid", content={}, secret=SECRET, forwards=stored)


def forwarded(message: Any) -> Any:
    found = Message.FromString(message_of(forwarding(message.SerializeToString())))
    assert found.messageContextInfo.messageSecret == SECRET
    return found


def a_jid_loses_its_device_on_the_way_out() -> None:
    sent = proto.JID.FromString(to_proto("4915:3@s.whatsapp.net"))
    assert (sent.User, sent.Device) == ("4915", 0)
    assert to_text(jid("4915", device=3)) == "4915@s.whatsapp.net"
    assert with_device(jid("4915", device=3)) == "4915:3@s.whatsapp.net"
    assert to_text(proto.JID()) is None


if __name__ == "__main__":
    cases: list[Callable[[], None]] = [
        made
        for name, made in list(globals().items())
        if getattr(made, "__module__", "") == "__main__"
        and callable(made)
        and name not in ("jid", "event", "sent", "forwarding", "forwarded")
    ]
    for case in cases:
        case()
    print(len(cases), "cases")
