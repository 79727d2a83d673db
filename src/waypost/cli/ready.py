"""`python -m waypost.cli.ready`: whether the gateway of this environment is ready, by its exit code.

For container engines and the like, which ask every few seconds: it imports nothing that takes time, so a
look costs some 40 ms of a core instead of half a second.
"""

import http.client
import os
import sys
from collections.abc import Mapping
from typing import Final

_WITHIN_S: Final = 4.0
_HOSTS: Final = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104
_PORT: Final = 8780


def look(environ: Mapping[str, str]) -> str | None:
    """Why the gateway at WAYPOST_HOST and WAYPOST_PORT is not ready; None when it is."""
    host = environ.get("WAYPOST_HOST", "").strip()
    port = environ.get("WAYPOST_PORT", "").strip() or str(_PORT)
    if not port.isdecimal():
        return f"WAYPOST_PORT is {port!r}."
    connection = http.client.HTTPConnection(_HOSTS.get(host, host), int(port), timeout=_WITHIN_S)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        says = answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return f"It does not answer: {error or type(error).__name__}."
    finally:
        connection.close()
    return None if answer.status == 200 else says


def main() -> None:
    """Exit code 0 when it is ready, else 1 with the reason."""
    reason = look(os.environ)
    if reason is not None:
        sys.exit(reason)


if __name__ == "__main__":
    main()
