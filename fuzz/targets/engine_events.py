from waypost.engine.hosts.whatsmeow.library import allow_protobufs, package_folder

allow_protobufs(package_folder())

import msgspec  # noqa: E402
from google.protobuf.message import DecodeError  # noqa: E402
from neonize.proto import Neonize_pb2 as proto  # noqa: E402
from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message  # noqa: E402

from fuzz.target import Choices, Target  # noqa: E402
from waypost.engine.hosts.whatsmeow import incoming  # noqa: E402
from waypost.engine.port import EngineEvent  # noqa: E402


def check(data: bytes) -> None:
    choices = Choices(data)
    code, body = choices.number(40), choices.rest()
    try:
        event = incoming.translate(code, body, "instance", 1.0)
    except DecodeError:
        return
    if event is None:
        return
    kept = msgspec.msgpack.encode(event)
    assert msgspec.msgpack.decode(kept, type=EngineEvent) == event


def _jid(user: str, server: str) -> object:
    return proto.JID(User=user, Server=server, Device=1, RawAgent=0, Integrator=0, IsEmpty=False)


def _seeds() -> list[bytes]:
    source = proto.MessageSource(
        Chat=_jid("99", "lid"),
        Sender=_jid("99", "lid"),
        SenderAlt=_jid("4915", "s.whatsapp.net"),
        IsFromMe=False,
        IsGroup=False,
    )
    info = proto.MessageInfo(
        MessageSource=source,
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
    message = proto.Message(
        Info=info,
        Message=Message(conversation="hello"),
        IsEphemeral=False,
        IsViewOnce=False,
        IsViewOnceV2=False,
        IsEdit=False,
        IsViewOnceV2Extension=False,
        IsDocumentWithCaption=False,
        IsLottieSticker=False,
        UnavailableRequestID="",
        RetryCount=0,
    )
    receipt = proto.Receipt(MessageSource=source, MessageIDs=["A1", "A2"], Timestamp=1_700_000_000)
    found = [
        bytes((17,)) + message.SerializePartialToString(),
        bytes((18,)) + receipt.SerializePartialToString(),
    ]
    out = proto.LoggedOut(OnConnect=True)
    ban = proto.TemporaryBan(Expire=10**10)
    failure = proto.ConnectFailure()
    others = {6: out, 8: ban, 9: failure, 3: None, 7: None, 10: None, 12: None}
    return found + [
        bytes((code,)) + (b"" if one is None else one.SerializePartialToString())
        for code, one in others.items()
    ]


TARGET = Target(
    promise=(
        "an event of the library can't be decoded or becomes one of the"
        " port's, which the journal reads the same"
    ),
    check=check,
    seeds=_seeds,
    rate=1000,
)
