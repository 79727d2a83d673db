"""A webhook: where the events of an instance go, and with which secrets."""

import re
import secrets
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from waypost.errors import InvalidRequest
from waypost.events import FURTHER, GIVEN

# What was written by nobody else is 256 bits, as Standard Webhooks recommends; it takes 24 to 64 bytes.
_SECRET_BYTES: Final = 32
_SIGNING_BYTES: Final = range(24, 65)
_PREFIX: Final = "whsec_"
_MAX_HEADERS: Final = 20

_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
# Visible ASCII: what else there is, servers read differently.
_HEADER_VALUE: Final = re.compile(r"[\x20-\x7e]{1,2000}")
# What the request is made of, and what a receiver trusts.
_RESERVED: Final = frozenset(
    {
        "accept-encoding",
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "webhook-id",
        "webhook-signature",
        "webhook-timestamp",
        "x-instanceid",
        "x-userid",
    }
)


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the webhooks. Times are seconds since the epoch.

    `secret` is sent as the authorization header; `signing_secret` (whsec_…) signs, and so does the one before
    it until `old_until`. `headers` are further ones. `user_id` is what `userId` says. `reason` is why it is
    not enabled, empty while it is. `failing_since`: since when no attempt has succeeded.
    """

    id: str
    instance_id: str
    url: str
    events: tuple[str, ...]
    secret: str
    signing_secret: str
    created_at: float
    user_id: str
    headers: dict[str, str] = {}
    old_signing_secret: str | None = None
    old_until: float | None = None
    enabled: bool = True
    reason: str = ""
    failing_since: float | None = None

    def __repr__(self) -> str:
        """Without secrets; the path of a url is often one."""
        return f"Webhook({self.id})"


def new_webhook_id() -> str:
    """An id that no other webhook has."""
    return f"whk_{secrets.token_hex(12)}"


def new_secret() -> str:
    """A secret for the authorization header."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def new_signing_secret() -> str:
    """A key for signatures, as Standard Webhooks writes it."""
    return _PREFIX + b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def checked_signing_secret(text: str) -> str:
    """A key that somebody brought. Raises InvalidRequest."""
    try:
        key = b64decode(text.removeprefix(_PREFIX), validate=True)
    except (NotBase64, ValueError):
        key = b""
    if not text.startswith(_PREFIX) or len(key) not in _SIGNING_BYTES:
        sentence = "The signing_secret must be whsec_ and base64 of 24 to 64 bytes; leave it out to get one."
        raise InvalidRequest({"signing_secret": [sentence]})
    return text


def checked_secret(text: str) -> str:
    """A secret that fits into a header. Raises InvalidRequest."""
    if not _HEADER_VALUE.fullmatch(text) or text != text.strip():
        raise InvalidRequest({"secret": ["The secret must be visible ASCII, without blanks around it."]})
    return text


def checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Further headers that can be sent. Raises InvalidRequest."""
    if len(headers) > _MAX_HEADERS:
        raise InvalidRequest({"headers": [f"The headers field must have at most {_MAX_HEADERS} items."]})
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _RESERVED:
            raise InvalidRequest({"headers": [f"The header {name[:100]} can't be set."]})
        if not _HEADER_VALUE.fullmatch(value) or value != value.strip():
            raise InvalidRequest({"headers": [f"The value of the header {name} can't be sent."]})
    return dict(headers)


def checked_events(names: Iterable[str] | None) -> tuple[str, ...]:
    """Names of events that exist, each once; those that every client knows when none is given. Raises
    InvalidRequest.
    """
    if names is None:
        return tuple(sorted(GIVEN))
    wanted = tuple(dict.fromkeys(names))
    unknown = [name for name in wanted if name not in GIVEN | FURTHER]
    if unknown or not wanted:
        known = ", ".join(sorted(GIVEN | FURTHER))
        raise InvalidRequest({"events": [f"The events field must name some of {known}."]})
    return wanted
