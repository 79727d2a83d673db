"""The names of a message's parts as clients of the API know them: `fileSha256` where the protobuf of the
engine's library has `fileSHA256`, `url` for `URL`."""

import base64
import re
from typing import Any, Final

_CAPITALS: Final = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]{2,}(?=[A-Z][a-z])")
# What only devices need, and what would make every stored message some kilobytes longer for nobody.
_LEFT_OUT: Final = frozenset({"messageContextInfo", "streamingSidecar", "scansSidecar", "firstScanSidecar"})
# 64 bits in the protobuf: as JSON they are texts, since not every reader has integers of that size.
_LONG: Final = frozenset(
    {"fileLength", "mediaKeyTimestamp", "senderTimestampMs", "timestampMs", "sequenceNumber", "endTime"}
)


def as_known(value: Any) -> Any:
    """A message as JSON values, whoever named its parts; bytes become base64, what is absent is left out."""
    if isinstance(value, dict):
        named = ((_known(name), part) for name, part in value.items() if part is not None)
        return {name: _part(name, part) for name, part in named if name not in _LEFT_OUT}
    if isinstance(value, list | tuple):
        return [as_known(one) for one in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _part(name: str, part: Any) -> Any:
    return str(part) if name in _LONG and isinstance(part, int) else as_known(part)


def _known(name: str) -> str:
    lowered = _CAPITALS.sub(lambda found: found[0].capitalize(), name)
    return lowered[:1].lower() + lowered[1:]
