"""Sealing and opening messages between two devices.

Every function takes a session and returns the one to store; a failed call changes nothing, so a forged
message can't move a ratchet.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from waypost.sandbox.wire.curve import KeyPair, Randomness

from . import blocks, messages
from .errors import Reason, SignalError
from .keys import Bundle, Party
from .messages import PreKeyWhisper, Whisper
from .ratchet import agree, chain_step, message_keys, root_step, start_keys
from .session import MAX_CHAINS, MAX_SKIPPED, Pair, Pending, Receiving, Sending, Session, State, renewed

Kind = Literal["msg", "pkmsg"]  # the `type` of an <enc>


@dataclass(frozen=True, slots=True)
class Sealed:
    """A message to send, and the session to store before it goes out."""

    kind: Kind
    body: bytes
    session: Session


@dataclass(frozen=True, slots=True)
class Opened:
    """A message received, and the session to store. `prekey_id`: a one-time pre-key that it used up."""

    plaintext: bytes = field(repr=False)
    session: Session
    prekey_id: int | None = None


def start(party: Party, bundle: Bundle, randomness: Randomness, session: Session | None = None) -> Session:
    """Agree with a device by its bundle; an earlier session with it is archived.

    SignalError on a bad bundle.
    """
    bundle.check()
    base, ratchet = KeyPair.generate(randomness), KeyPair.generate(randomness)
    secrets = [
        agree(party.identity, bundle.signed_prekey),
        agree(base, bundle.identity),
        agree(base, bundle.signed_prekey),
    ]
    if bundle.prekey is not None:
        secrets.append(agree(base, bundle.prekey))
    root, first = start_keys(*secrets)
    root_next, chain = root_step(root, ratchet, bundle.signed_prekey)
    state = State(
        registration_id=party.registration_id,
        local_identity=party.identity.public,
        remote_identity=bundle.identity,
        remote_registration_id=bundle.registration_id,
        base_key=base.public,
        root=root_next,
        previous_counter=0,
        sending=Sending(Pair.of(ratchet), chain, 0),
        receiving=(Receiving(bundle.signed_prekey, first, 0),),
        pending=Pending(bundle.signed_prekey_id, bundle.prekey_id if bundle.prekey is not None else None),
    )
    return renewed(session, state)


def encrypt(session: Session, plaintext: bytes) -> Sealed:
    """Seal an already padded plaintext for the session's peer."""
    state = session.current
    sending = state.sending
    seed, chain = chain_step(sending.chain)
    keys = message_keys(seed)
    body = messages.write(
        keys.mac,
        state.local_identity,
        state.remote_identity,
        sending.ratchet.public,
        sending.counter,
        state.previous_counter,
        blocks.encrypt(keys.cipher, keys.iv, plaintext),
    )
    kind: Kind = "msg"
    if state.pending is not None:
        kind = "pkmsg"
        body = messages.write_prekey(
            body,
            state.registration_id,
            state.pending.prekey_id,
            state.pending.signed_prekey_id,
            state.base_key,
            state.local_identity,
        )
    moved = msgspec.structs.replace(
        state, sending=msgspec.structs.replace(sending, chain=chain, counter=sending.counter + 1)
    )
    return Sealed(kind, body, msgspec.structs.replace(session, current=moved))


def decrypt(session: Session | None, body: bytes, randomness: Randomness) -> Opened:
    """Open a "msg"; the plaintext is still padded. SignalError says why it did not open."""
    if session is None:
        raise SignalError(Reason.NO_SESSION, "There is no session with the sender of a message.")
    return _open(session, messages.read(body), randomness)


def decrypt_prekey(
    party: Party,
    session: Session | None,
    body: bytes,
    one_time: Callable[[int], KeyPair | None],
    randomness: Randomness,
) -> Opened:
    """Open a "pkmsg"; the plaintext is still padded. SignalError says why it did not open.

    `one_time` looks a one-time pre-key up by its id and keeps it: forget `Opened.prekey_id` when the session
    is stored.
    """
    message = messages.read_prekey(body)
    if session is not None:
        known = next((state for state in session.states() if state.base_key == message.base_key), None)
        if known is not None:
            # The starter repeats the pre-key part until it hears from us; the pre-key itself may be gone by
            # now.
            return _open(renewed(session, known), message.inner, randomness)
    fresh = _accept(party, message, one_time)
    plaintext, state = _open_in(fresh, message.inner, randomness)
    return Opened(plaintext, renewed(session, state), message.prekey_id)


def _accept(party: Party, message: PreKeyWhisper, one_time: Callable[[int], KeyPair | None]) -> State:
    if message.signed_prekey_id != party.signed_prekey.id:
        raise SignalError(Reason.UNKNOWN_PREKEY, "A message uses a signed pre-key that is not known.")
    signed = party.signed_prekey.pair
    secrets = [
        agree(signed, message.identity),
        agree(party.identity, message.base_key),
        agree(signed, message.base_key),
    ]
    if message.prekey_id is not None:
        prekey = one_time(message.prekey_id)
        if prekey is None:
            raise SignalError(Reason.UNKNOWN_PREKEY, "A message uses a one-time pre-key that is not known.")
        secrets.append(agree(prekey, message.base_key))
    root, chain = start_keys(*secrets)
    return State(
        registration_id=party.registration_id,
        local_identity=party.identity.public,
        remote_identity=message.identity,
        remote_registration_id=message.registration_id,
        base_key=message.base_key,
        root=root,
        previous_counter=0,
        sending=Sending(Pair.of(signed), chain, 0),
        receiving=(),
        pending=None,
    )


def _open(session: Session, message: Whisper, randomness: Randomness) -> Opened:
    failure: SignalError | None = None
    for state in session.states():
        try:
            plaintext, moved = _open_in(state, message, randomness)
        except SignalError as error:
            if error.reason is Reason.DUPLICATE:
                raise
            failure = failure or error
        else:
            return Opened(plaintext, renewed(session, moved))
    raise failure or SignalError(Reason.NO_SESSION, "There is no session with the sender of a message.")


def _open_in(state: State, message: Whisper, randomness: Randomness) -> tuple[bytes, State]:
    stepped, chain = _chain_of(state, message.ratchet, randomness)
    seed, chain = _seed_of(chain, message.counter)
    keys = message_keys(seed)
    message.check(keys.mac, state.remote_identity, state.local_identity)
    plaintext = blocks.decrypt(keys.cipher, keys.iv, message.ciphertext)
    others = tuple(other for other in stepped.receiving if other.ratchet != chain.ratchet)
    return plaintext, msgspec.structs.replace(stepped, receiving=(chain, *others)[:MAX_CHAINS], pending=None)


def _chain_of(state: State, ratchet: bytes, randomness: Randomness) -> tuple[State, Receiving]:
    """The chain of a peer's ratchet key; a key not seen before turns the ratchet."""
    for chain in state.receiving:
        if chain.ratchet == ratchet:
            return state, chain
    ours = state.sending.ratchet.keys
    root, incoming = root_step(state.root, ours, ratchet)
    fresh = KeyPair.generate(randomness)
    root, outgoing = root_step(root, fresh, ratchet)
    turned = msgspec.structs.replace(
        state,
        root=root,
        previous_counter=max(state.sending.counter - 1, 0),
        sending=Sending(Pair.of(fresh), outgoing, 0),
    )
    return turned, Receiving(ratchet, incoming, 0)


def _seed_of(chain: Receiving, counter: int) -> tuple[bytes, Receiving]:
    """The seed of message number `counter`, and the chain after it."""
    if counter < chain.counter:
        seed = chain.skipped.get(counter)
        if seed is None:
            raise SignalError(Reason.DUPLICATE, "A message was opened before.")
        left = {number: kept for number, kept in chain.skipped.items() if number != counter}
        return seed, msgspec.structs.replace(chain, skipped=left)
    if counter - chain.counter > MAX_SKIPPED:
        raise SignalError(Reason.TOO_FAR, "A message is too far ahead of those received.")
    key, skipped = chain.chain, dict(chain.skipped)
    for number in range(chain.counter, counter):
        skipped[number], key = chain_step(key)
    seed, key = chain_step(key)
    for oldest in list(skipped)[: max(len(skipped) - MAX_SKIPPED, 0)]:
        del skipped[oldest]
    return seed, Receiving(chain.ratchet, key, counter + 1, skipped)
