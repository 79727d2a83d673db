"""Where an uploaded file is fetched."""

import re
from typing import Final

_PATH: Final = re.compile(r"/v/([A-Za-z0-9_-]{43})(?:\?|$)")


def direct_path(token: str) -> str:
    """The direct path of a file; it contains a `?` because clients append further parameters with `&`."""
    return f"/v/{token}?ccb=1"


def token_in(path: str) -> str | None:
    """The token in a direct path; None when it is not one of this network."""
    match = _PATH.match(path)
    return None if match is None else match[1]
