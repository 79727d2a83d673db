"""Run by test_translation.py. Each function is a case."""

from collections.abc import Callable

from waypost.engine.hosts.whatsmeow.library import allow_protobufs, package_folder

allow_protobufs(package_folder())

from neonize.proto import Neonize_pb2 as proto  # noqa: E402
from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message  # noqa: E402

from waypost.engine.hosts.whatsmeow import incoming  # noqa: E402
from waypost.engine.hosts.whatsmeow.jids import to_proto, to_text, with_device  # noqa: E402
from waypost.engine.hosts.whatsmeow.outgoing import message_of  # noqa: E402
from waypost.engine.port import (  # noqa: E402
    MessageArrived,
    Quote,
    ReceiptArrived,
    SendOrder,
    StateChanged,
    Text,
    UploadedMedia,
    VoiceNote,
)

SECRET = bytes(32)


def jid(user: str, server: str = "s.whatsapp.net", device: int = 0) -> object:
    return proto.JID(User=user, Server=server, Device=device, RawAgent=0, Integrator=0, IsEmpty=False)


def event(message: object, **source: object) -> bytes:
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
        Timestamp=1_700_000_000,
        Type="text",
        ServerID=0,
        Category="",
        Multicast=False,
        MediaType="",
        Edit="",
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


def a_text_is_a_conversation_with_its_secret() -> None:
    order = SendOrder(chat="1@lid", content=Text(text="hi"), secret=SECRET)
    found = Message.FromString(message_of(order))
    assert found.conversation == "hi"
    assert found.messageContextInfo.messageSecret == SECRET


def a_reply_quotes_without_the_secret_of_what_it_quotes() -> None:
    quoted = Message(conversation="first")
    quoted.messageContextInfo.messageSecret = b"s" * 32
    quote = Quote(message_id="3A1", participant="4915@s.whatsapp.net", content=quoted.SerializeToString())
    order = SendOrder(chat="1@lid", content=Text(text="hi"), secret=SECRET, quote=quote)
    context = Message.FromString(message_of(order)).extendedTextMessage.contextInfo
    assert (context.stanzaID, context.participant) == ("3A1", "4915@s.whatsapp.net")
    assert context.quotedMessage.conversation == "first"
    assert not context.quotedMessage.HasField("messageContextInfo")


def a_voice_note_has_all_that_a_phone_needs() -> None:
    media = UploadedMedia(
        url="u",
        direct_path="d",
        media_key=b"k",
        file_sha256=b"s",
        file_enc_sha256=b"e",
        file_length=9,
        uploaded_at=7,
    )
    content = VoiceNote(media=media, seconds=3, waveform=bytes(64))
    audio = Message.FromString(
        message_of(SendOrder(chat="1@lid", content=content, secret=SECRET))
    ).audioMessage
    assert (audio.PTT, audio.seconds, audio.mediaKeyTimestamp) == (True, 3, 7)
    assert (audio.mimetype, len(audio.waveform)) == ("audio/ogg; codecs=opus", 64)
    assert not audio.HasField("contextInfo")


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
        if getattr(made, "__module__", "") == "__main__" and callable(made) and name not in ("jid", "event")
    ]
    for case in cases:
        case()
    print(len(cases), "cases")
