"""What an Idempotency-Key stands for, as a digest that outlives upgrades.

A caller repeats a call that got no answer because the gateway was just being upgraded. A newer release may
know more fields than the one that stored the digest, so what has its default counts as not there.
"""

import hashlib
from typing import Any

import msgspec


def fingerprint(operation: str, payload: Any, file_sha256: str) -> str:
    """Hex SHA-256 of an operation, its payload (a struct) and its file (empty: none)."""
    content = msgspec.json.encode([operation, _told(payload), file_sha256], order="sorted")
    return hashlib.sha256(content).hexdigest()


def _told(value: Any) -> Any:
    """The same as plain data, without the fields that have their default."""
    if isinstance(value, msgspec.Struct):
        return {
            field.encode_name: _told(given)
            for field in msgspec.structs.fields(value)
            if (given := getattr(value, field.name)) != _default(field)
        }
    if isinstance(value, dict):
        return {str(key): _told(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_told(one) for one in value]
    return msgspec.to_builtins(value)


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default
