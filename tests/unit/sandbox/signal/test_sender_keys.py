import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waypost.sandbox.signal.errors import Reason, SignalError
from waypost.sandbox.signal.sender_keys import (
    MAX_CHAINS,
    MAX_SKIPPED,
    SenderKey,
    accept,
    decrypt,
    distribution,
    encrypt,
    generate,
)


class Speaker:
    """A member that writes; its record passes through bytes at each step."""

    def __init__(self) -> None:
        self.record = generate(os.urandom).to_bytes()

    def tell(self) -> bytes:
        return distribution(SenderKey.from_bytes(self.record))

    def say(self, text: bytes) -> bytes:
        body, key = encrypt(SenderKey.from_bytes(self.record), text, os.urandom)
        self.record = key.to_bytes()
        return body


class Listener:
    """A member that reads one speaker."""

    def __init__(self) -> None:
        self.record: bytes | None = None

    def learn(self, told: bytes) -> None:
        self.record = accept(self._key(), told).to_bytes()

    def hear(self, body: bytes) -> bytes:
        plaintext, key = decrypt(self._key(), body)
        self.record = key.to_bytes()
        return plaintext

    def _key(self) -> SenderKey | None:
        return None if self.record is None else SenderKey.from_bytes(self.record)


@given(st.permutations(range(6)))
@settings(max_examples=20, deadline=None)
def test_messages_open_in_any_order_and_each_once(order: list[int]) -> None:
    speaker, listener = Speaker(), Listener()
    listener.learn(speaker.tell())
    bodies = [speaker.say(b"%d" % number) for number in range(6)]
    for number in order:
        assert listener.hear(bodies[number]) == b"%d" % number
    for body in bodies:
        with pytest.raises(SignalError) as caught:
            listener.hear(body)
        assert caught.value.reason is Reason.DUPLICATE


def test_who_learns_the_key_late_opens_what_comes_then_and_nothing_before() -> None:
    speaker, listener = Speaker(), Listener()
    before = speaker.say(b"before")
    listener.learn(speaker.tell())
    assert listener.hear(speaker.say(b"after")) == b"after"
    with pytest.raises(SignalError) as caught:
        listener.hear(before)
    assert caught.value.reason is Reason.DUPLICATE


def test_a_key_that_is_told_again_keeps_what_was_skipped() -> None:
    speaker, listener = Speaker(), Listener()
    listener.learn(speaker.tell())
    skipped = speaker.say(b"late")
    assert listener.hear(speaker.say(b"soon")) == b"soon"
    listener.learn(speaker.tell())
    assert listener.hear(skipped) == b"late"


def test_a_message_that_was_changed_or_signed_by_another_does_not_open() -> None:
    speaker, listener = Speaker(), Listener()
    listener.learn(speaker.tell())
    body = speaker.say(b"true")
    for forged in (body[:-1] + bytes((body[-1] ^ 1,)), body[:20] + bytes((body[20] ^ 1,)) + body[21:]):
        with pytest.raises(SignalError) as caught:
            listener.hear(forged)
        assert caught.value.reason in (Reason.BAD_SIGNATURE, Reason.MALFORMED, Reason.NO_SESSION)
    assert listener.hear(body) == b"true"


def test_without_the_key_a_message_does_not_open() -> None:
    with pytest.raises(SignalError) as caught:
        Listener().hear(Speaker().say(b"secret"))
    assert caught.value.reason is Reason.NO_SESSION


def test_a_message_too_far_ahead_does_not_open() -> None:
    speaker, listener = Speaker(), Listener()
    listener.learn(speaker.tell())
    key = SenderKey.from_bytes(speaker.record)
    for _ in range(MAX_SKIPPED + 1):
        _, key = encrypt(key, b"", lambda size: bytes(size))
    body, _ = encrypt(key, b"far", os.urandom)
    with pytest.raises(SignalError) as caught:
        listener.hear(body)
    assert caught.value.reason is Reason.TOO_FAR


def test_the_last_chains_of_a_speaker_are_kept() -> None:
    listener, speakers = Listener(), [Speaker() for _ in range(MAX_CHAINS + 1)]
    for speaker in speakers:
        listener.learn(speaker.tell())
    assert listener.hear(speakers[1].say(b"old")) == b"old"
    with pytest.raises(SignalError):
        listener.hear(speakers[0].say(b"too old"))


@given(st.binary(max_size=120))
def test_whatever_is_no_key_and_no_message_is_refused(data: bytes) -> None:
    for call in (lambda: accept(None, data), lambda: decrypt(generate(os.urandom), data)):
        with pytest.raises(SignalError):
            call()
