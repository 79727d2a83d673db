import os
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waypost.sandbox.signal.cipher import Sealed, decrypt, decrypt_prekey, encrypt, start
from waypost.sandbox.signal.errors import Reason, SignalError
from waypost.sandbox.signal.keys import Party
from waypost.sandbox.signal.session import MAX_ARCHIVED, MAX_CHAINS, MAX_SKIPPED, Session
from waypost.sandbox.wire.curve import KeyPair


@dataclass
class Device:
    """A party with what a server keeps in rows; the session passes through bytes at each step."""

    party: Party = field(default_factory=lambda: Party.generate(os.urandom))
    prekeys: dict[int, KeyPair] = field(default_factory=dict)
    record: bytes | None = None

    @property
    def session(self) -> Session | None:
        return None if self.record is None else Session.from_bytes(self.record)

    def start(self, peer: "Device", prekey: bool = True) -> None:
        if prekey:
            number = len(peer.prekeys) + 1
            peer.prekeys[number] = KeyPair.generate(os.urandom)
            bundle = peer.party.bundle(number, peer.prekeys[number].public)
        else:
            bundle = peer.party.bundle()
        self.record = start(self.party, bundle, os.urandom, self.session).to_bytes()

    def seal(self, text: bytes) -> Sealed:
        assert self.session is not None
        sealed = encrypt(self.session, text)
        self.record = sealed.session.to_bytes()
        return sealed

    def open(self, sealed: Sealed) -> bytes:
        if sealed.kind == "pkmsg":
            opened = decrypt_prekey(self.party, self.session, sealed.body, self.prekeys.get, os.urandom)
        else:
            opened = decrypt(self.session, sealed.body, os.urandom)
        if opened.prekey_id is not None:
            del self.prekeys[opened.prekey_id]
        self.record = opened.session.to_bytes()
        return opened.plaintext


def _talking() -> tuple[Device, Device]:
    alice, bob = Device(), Device()
    alice.start(bob)
    bob.open(alice.seal(b"hello"))
    alice.open(bob.seal(b"hi"))
    return alice, bob


def _reason(device: Device, sealed: Sealed) -> Reason:
    before = device.record
    with pytest.raises(SignalError) as failure:
        device.open(sealed)
    assert device.record == before
    return failure.value.reason


@pytest.mark.parametrize("prekey", [True, False])
def test_a_first_message_carries_the_keys_until_it_is_answered(prekey: bool) -> None:
    alice, bob = Device(), Device()
    alice.start(bob, prekey)
    first, second = alice.seal(b"one"), alice.seal(b"two")
    assert (first.kind, second.kind) == ("pkmsg", "pkmsg")
    assert bob.open(second) == b"two"
    assert bob.prekeys == {}
    assert bob.open(first) == b"one"
    answer = bob.seal(b"three")
    assert answer.kind == "msg"
    assert alice.open(answer) == b"three"
    assert alice.seal(b"four").kind == "msg"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_two_devices_talk_through_loss_and_reordering(data: st.DataObject) -> None:
    alice, bob = Device(), Device()
    alice.start(bob)
    bob.open(alice.seal(b"start"))
    on_the_way: list[tuple[Device, Sealed, bytes]] = []
    for number in range(data.draw(st.integers(1, 40))):
        arrives: bool = data.draw(st.booleans())
        if on_the_way and arrives:
            receiver, sealed, text = on_the_way.pop(data.draw(st.integers(0, len(on_the_way) - 1)))
            if data.draw(st.integers(0, 4)):  # one of five is lost
                assert receiver.open(sealed) == text
                assert _reason(receiver, sealed) is Reason.DUPLICATE
        else:
            sender, receiver = data.draw(st.sampled_from([(alice, bob), (bob, alice)]))
            text = b"text %d" % number
            on_the_way.append((receiver, sender.seal(text), text))


def test_a_late_message_of_an_earlier_chain_opens() -> None:
    alice, bob = _talking()
    late = alice.seal(b"late")
    for turn in range(MAX_CHAINS - 2):
        assert bob.open(alice.seal(b"a%d" % turn)) == b"a%d" % turn
        assert alice.open(bob.seal(b"b%d" % turn)) == b"b%d" % turn
    assert bob.open(late) == b"late"


def test_a_repeated_message_is_a_duplicate() -> None:
    alice, bob = _talking()
    sealed = alice.seal(b"once")
    bob.open(sealed)
    assert _reason(bob, sealed) is Reason.DUPLICATE


def test_a_repeated_first_message_is_a_duplicate_though_its_prekey_is_gone() -> None:
    alice, bob = Device(), Device()
    alice.start(bob)
    sealed = alice.seal(b"once")
    bob.open(sealed)
    assert _reason(bob, sealed) is Reason.DUPLICATE


def test_a_forged_message_changes_nothing() -> None:
    alice, bob = _talking()
    sealed = alice.seal(b"true")
    for position in range(len(sealed.body)):
        forged = bytearray(sealed.body)
        forged[position] ^= 0x80
        _reason(bob, replace(sealed, body=bytes(forged)))
    assert bob.open(sealed) == b"true"


def test_a_message_without_a_session_says_so() -> None:
    alice, bob = _talking()
    bob.record = None
    assert _reason(bob, alice.seal(b"lost")) is Reason.NO_SESSION


def test_a_message_for_another_session_fails_its_mac() -> None:
    alice, _ = _talking()
    _, other = _talking()
    assert _reason(other, alice.seal(b"astray")) is Reason.BAD_MAC


def test_an_unknown_prekey_says_so() -> None:
    alice, bob = Device(), Device()
    alice.start(bob)
    bob.prekeys.clear()
    assert _reason(bob, alice.seal(b"hello")) is Reason.UNKNOWN_PREKEY
    renewed = Device(Party.generate(os.urandom))
    alice.start(renewed, prekey=False)
    renewed.party = replace(renewed.party, signed_prekey=replace(renewed.party.signed_prekey, id=9))
    assert _reason(renewed, alice.seal(b"hello")) is Reason.UNKNOWN_PREKEY


def test_a_bundle_that_its_identity_did_not_sign_is_refused() -> None:
    alice, bob = Device(), Device()
    bundle = replace(bob.party.bundle(), signed_prekey=alice.party.identity.public)
    with pytest.raises(SignalError) as failure:
        start(alice.party, bundle, os.urandom)
    assert failure.value.reason is Reason.BAD_SIGNATURE


def test_skipped_messages_are_bounded() -> None:
    alice, bob = _talking()
    oldest = alice.seal(b"oldest")
    for _ in range(MAX_SKIPPED - 1):
        alice.seal(b"lost")
    assert bob.open(alice.seal(b"newest")) == b"newest"
    alice.seal(b"lost too")
    bob.open(alice.seal(b"one more"))
    assert _reason(bob, oldest) is Reason.DUPLICATE  # its key was the oldest and had to go
    for _ in range(MAX_SKIPPED + 1):
        alice.seal(b"lost")
    assert _reason(bob, alice.seal(b"far")) is Reason.TOO_FAR


def test_a_new_start_from_either_side_replaces_the_session_and_late_messages_still_open() -> None:
    alice, bob = _talking()
    late = alice.seal(b"late")
    alice.start(bob)
    assert bob.open(alice.seal(b"anew")) == b"anew"
    assert bob.open(late) == b"late"
    assert alice.open(bob.seal(b"back")) == b"back"
    bob.record = None  # wiped; bob starts anew
    bob.start(alice)
    assert alice.open(bob.seal(b"reborn")) == b"reborn"
    assert bob.open(alice.seal(b"well met")) == b"well met"


def test_both_starting_at_once_meet_in_one_session() -> None:
    alice, bob = Device(), Device()
    alice.start(bob)
    bob.start(alice)
    from_alice, from_bob = alice.seal(b"a"), bob.seal(b"b")
    assert bob.open(from_alice) == b"a"
    assert alice.open(from_bob) == b"b"
    for _ in range(3):
        assert bob.open(alice.seal(b"to bob")) == b"to bob"
        assert alice.open(bob.seal(b"to alice")) == b"to alice"


def test_archived_states_are_bounded() -> None:
    alice, bob = _talking()
    for _ in range(MAX_ARCHIVED + 5):
        alice.start(bob)
        bob.open(alice.seal(b"again"))
    for device in (alice, bob):
        assert device.session is not None
        assert len(device.session.archived) == MAX_ARCHIVED


_BOB = _talking()[1]


@given(st.binary(max_size=200))
def test_random_bytes_are_a_signal_error(body: bytes) -> None:
    bob = _BOB
    for data in (body, b"\x33" + body):
        with pytest.raises(SignalError):
            decrypt(bob.session, data, os.urandom)
        with pytest.raises(SignalError):
            decrypt_prekey(bob.party, bob.session, data, bob.prekeys.get, os.urandom)
        with pytest.raises(SignalError):
            Session.from_bytes(data)


def test_secrets_stay_out_of_reprs() -> None:
    alice, _ = _talking()
    state = alice.session.current if alice.session else None
    assert state is not None
    shown = repr(alice.session) + repr(alice.party)
    for secret in (
        state.root,
        state.sending.chain,
        state.sending.ratchet.private,
        alice.party.identity.private,
    ):
        assert repr(secret) not in shown
