from typing import Final

from waypost.sandbox.wire.curve import Randomness

from .errors import Reason, SignalError

_MAX_PADDING: Final = 15  # bytes; what clients add at most


def pad(message: bytes, randomness: Randomness) -> bytes:
    """Hide a message's length: 1 to 15 bytes, each saying how many they are."""
    size = randomness(1)[0] % _MAX_PADDING + 1
    return message + bytes((size,)) * size


def unpad(plaintext: bytes) -> bytes:
    """The message without its padding; SignalError when there is none."""
    size = plaintext[-1] if plaintext else 0
    if not 1 <= size <= len(plaintext) or plaintext[-size:] != bytes((size,)) * size:
        raise SignalError(Reason.MALFORMED, "The padding of a message is wrong.")
    return plaintext[:-size]
