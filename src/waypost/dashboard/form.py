"""What a form of ours posts: names and values, urlencoded."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final
from urllib.parse import parse_qsl

from waypost.api.nul import refuse_in_fields
from waypost.errors import BODY_TIMEOUT, MALFORMED, TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, ApiError

# No form of ours is longer than a text message with its neighbours.
_MOST_BYTES: Final = 256 * 1024
_MOST_FIELDS: Final = 200
_KIND: Final = "application/x-www-form-urlencoded"


class Form:
    """The fields of a form; a name may come several times."""

    def __init__(self, fields: Sequence[tuple[str, str]] = ()) -> None:
        self._fields: dict[str, list[str]] = {}
        for name, value in fields:
            self._fields.setdefault(name, []).append(value)

    def get(self, name: str) -> str:
        """The last value of that name, trimmed; empty where there is none."""
        values = self._fields.get(name)
        return values[-1].strip() if values else ""

    def all(self, name: str) -> list[str]:
        """All values of that name."""
        return list(self._fields.get(name, ()))

    def given(self, *names: str) -> dict[str, str]:
        """Those of these fields that are not empty, for a check of an API's own shape."""
        return {name: self.get(name) for name in names if self.get(name)}


async def read_form(stream: AsyncIterator[bytes], content_type: str, seconds: float) -> Form:
    """Read a form; `seconds` is its time. Raises ApiError, InvalidRequest."""
    if content_type.partition(";")[0].strip().lower() not in (_KIND, ""):
        raise ApiError(UNSUPPORTED_MEDIA_TYPE)
    data = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in stream:
                data += chunk
                if len(data) > _MOST_BYTES:
                    raise ApiError(TOO_LARGE, f"The limit is {_MOST_BYTES} bytes.")
    except TimeoutError:
        raise ApiError(BODY_TIMEOUT) from None
    try:
        fields = parse_qsl(data.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except (UnicodeDecodeError, ValueError):
        raise ApiError(MALFORMED) from None
    for name, value in fields:
        refuse_in_fields({name: value})
    return Form(fields)
