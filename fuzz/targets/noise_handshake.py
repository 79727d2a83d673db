import random

from fuzz.target import Choices, Target
from waypost.sandbox.wire import certificate
from waypost.sandbox.wire.curve import KeyPair
from waypost.sandbox.wire.errors import WireError
from waypost.sandbox.wire.noise import Handshake, Initiator
from waypost.sandbox.wire.proto.handshake_pb2 import CertChain, ClientPayload, HandshakeMessage

_bytes = random.Random(1).randbytes
_ROOT, _STATIC, _CLIENT = (KeyPair.generate(_bytes) for _ in range(3))
_CHAIN = certificate.issue(_ROOT, _STATIC.public, 0, 2**32, _bytes)
_PAYLOAD = ClientPayload(username=4915200000001, device=3, push_name="Ann")


def check(data: bytes) -> None:
    """The first byte says which message of a sound handshake the rest of the input takes the place of."""
    choices = Choices(data)
    place, junk = choices.number(5), choices.rest()
    server, client = Handshake(_STATIC, _CHAIN, _bytes), Initiator(_CLIENT, _bytes)
    try:
        hello = server.on_hello(junk if place == 0 else client.hello())
        if place == 0:
            # Whoever says hello without the keys can't finish.
            server.on_finish(junk)
            raise AssertionError("a handshake without keys came to its end")
        payload = ClientPayload.FromString(junk) if place == 3 else _PAYLOAD
        answer, static, chain, theirs = client.on_hello(junk if place == 1 else hello, payload)
        certificate.verify(junk if place == 4 else chain, _ROOT.public, static, 1)
        seen, key, ours = server.on_finish(junk if place == 2 else answer)
        assert (seen, key) == (payload, _CLIENT.public)
        frame = theirs.encrypt(junk)
        assert ours.decrypt(junk if place == 5 else frame) == junk
        assert ours.encrypt(junk) != junk
    except WireError:
        assert place != 3
    except Exception as error:
        # The one error that is not ours: protobuf's own, in what this check does with the input.
        if place != 3 or type(error).__name__ != "DecodeError":
            raise
    else:
        assert place == 3 or (place == 4 and _is_chain(junk)), "junk was taken for a message of the handshake"


def _is_chain(junk: bytes) -> bool:
    """Whether it is the chain itself, perhaps with fields beside it that nobody reads."""
    given, sound = CertChain.FromString(junk), CertChain.FromString(_CHAIN)
    return all(
        (getattr(given, name).details, getattr(given, name).signature)
        == (getattr(sound, name).details, getattr(sound, name).signature)
        for name in ("leaf", "intermediate")
    )


def _seeds() -> list[bytes]:
    client = Initiator(_CLIENT, _bytes)
    server = Handshake(_STATIC, _CHAIN, _bytes)
    hello = client.hello()
    answer = server.on_hello(hello)
    finish = client.on_hello(answer, _PAYLOAD)[0]
    degenerate = HandshakeMessage(
        client_hello=HandshakeMessage.Hello(ephemeral=bytes(32))
    ).SerializeToString()
    messages = (hello, answer, finish, _PAYLOAD.SerializeToString(), _CHAIN, degenerate)
    return [bytes((place,)) + message for place in range(6) for message in messages]


TARGET = Target(
    promise=(
        "junk in the place of any message of a handshake is a WireError; a"
        " sound one gives both sides one another"
    ),
    check=check,
    seeds=_seeds,
    rate=500,
)
