import random


def new_uuid(now: float, rng: random.Random) -> str:
    """A version 7 UUID (RFC 9562): its time in front keeps the rows of one moment on one page of
    the index.
    """
    milliseconds = int(now * 1000) & (2**48 - 1)
    chance = rng.getrandbits(74)
    high = milliseconds << 16 | 0x7000 | chance >> 62
    low = 0b10 << 62 | chance & (2**62 - 1)
    text = f"{high:016x}{low:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
