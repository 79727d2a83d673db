import re

# RFC 7240, section 2 and 4.3: preferences are separated by commas, a value may be quoted.
_WAIT = re.compile(r'(?:^|[,\s;])wait\s*=\s*"?([0-9]{1,6})"?\s*(?:$|[,;])', re.IGNORECASE)


def wait_seconds(prefer: str | None, most: float) -> int | None:
    """Seconds of a `Prefer: wait=N` header, at most `most`; None where there is none."""
    found = _WAIT.search(prefer or "")
    return None if found is None else min(int(found[1]), int(most))
