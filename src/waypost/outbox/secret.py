import hmac


def step_secret(key: bytes, uuid: str, number: int, attempt: int) -> bytes:
    """The 32-byte message secret of one attempt to send one step.

    It can be computed again from the row, and nobody without `key` can guess it. Another attempt has another
    one: what the engine's store says of it is about that attempt alone.
    """
    return hmac.digest(key, f"{uuid}|{number}|{attempt}".encode(), "sha256")
