import random
import uuid


def new_uuid(now: float, rng: random.Random) -> str:
    """A version 7 UUID (RFC 9562): its time in front keeps the rows of one moment on one page of
    the index.
    """
    milliseconds = int(now * 1000) & (2**48 - 1)
    chance = rng.getrandbits(74)
    high = milliseconds << 16 | 0x7000 | chance >> 62
    low = 0b10 << 62 | chance & (2**62 - 1)
    return str(uuid.UUID(int=high << 64 | low))
