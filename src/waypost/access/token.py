"""What a token is: who may do what to which instance.

A token reads `<number>|<secret>`. The secret has 40 random characters, so a plain SHA-256 is enough to keep
it by: there is nothing to guess, and a slow hash would only slow every call down.
"""

import hashlib
import hmac
import secrets
import string
from typing import Literal

import msgspec

Scope = Literal["admin", "send", "read", "manage"]
INSTANCE_SCOPES: tuple[Scope, ...] = ("send", "read", "manage")

_ALPHABET = string.ascii_letters + string.digits
_SECRET_LENGTH = 40  # 238 bits
_LONGEST = 512  # characters of a token that are looked at; imported ones may be longer than ours


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token as it is kept: never the secret, only its SHA-256. `instance_id` is None for an admin token."""

    number: int
    secret_sha256: bytes
    scopes: tuple[Scope, ...]
    created_at: float
    instance_id: str | None = None
    name: str = ""

    @property
    def is_admin(self) -> bool:
        """Whether it may do everything, also to the gateway itself."""
        return "admin" in self.scopes

    def allows(self, instance_id: str, scope: Scope) -> bool:
        """Whether it may do what needs `scope` to that instance."""
        return self.is_admin or (self.sees(instance_id) and scope in self.scopes)

    def sees(self, instance_id: str) -> bool:
        """Whether that instance exists at all as far as this token is concerned."""
        return self.is_admin or self.instance_id == instance_id


class IssuedToken(msgspec.Struct, frozen=True, kw_only=True):
    """A new token together with its text, which is shown this once."""

    token: Token
    text: str

    def __repr__(self) -> str:
        """The number alone: the text is a secret."""
        return f"IssuedToken({self.token.number})"


def new_secret() -> str:
    """A fresh random secret."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_SECRET_LENGTH))


def digest(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def split(text: str) -> tuple[int, str] | None:
    """`<number>|<secret>` in its two parts; None when `text` is nothing of the kind."""
    number, bar, secret = text.partition("|")
    if not bar or not secret or len(text) > _LONGEST or not number.isascii() or not number.isdecimal():
        return None
    return (int(number), secret) if len(number) <= 18 else None


def same(one: bytes, other: bytes) -> bool:
    """Compare two digests in a time that tells nothing about them."""
    return hmac.compare_digest(one, other)
