"""Signing in to the dashboard with a token.

A browser gets a secret of its own in the place of the token, so that no page and no cookie holds what calls
the API. It opens what its token opens, and nothing once that is revoked. Being in the database, it is good at
every node.
"""

import hashlib
import hmac
import secrets
from typing import Final, Protocol

import msgspec

from waypost.access.token import Token, digest, same
from waypost.access.tokens import Tokens
from waypost.clock import Clock

# A browser that nobody touched for half a day, and one that was signed in a week ago, has to sign in again.
IDLE_SECONDS: Final = 43_200.0
LONGEST_SECONDS: Final = 604_800.0
# A row is not written for every page that is looked at.
_SEEN_EVERY_SECONDS: Final = 60.0
_SECRET_BYTES: Final = 32
_LONGEST_SECRET: Final = 100  # characters


class StoredSignIn(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in as it is kept: never its secret, only the SHA-256. Times are seconds since the epoch.

    `token` is the number of the token, None for the one of the settings; `token_sha256` what that token was,
    since another may have its number one day.
    """

    secret_sha256: bytes
    token: int | None
    token_sha256: bytes
    created_at: float
    seen_at: float


class SignInStore(Protocol):
    """Where sign-ins are kept; they go with their tokens. Everything raises StorageError."""

    async def add(self, sign_in: StoredSignIn, created_before: float, seen_before: float) -> None:
        """Keep a new one, and forget those that began or were seen last before these times."""
        ...

    async def get(self, secret_sha256: bytes) -> StoredSignIn | None:
        """The one with that secret."""
        ...

    async def seen(self, secret_sha256: bytes, at: float) -> None:
        """It was used then."""
        ...

    async def end(self, secret_sha256: bytes) -> None:
        """Forget it."""
        ...


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is signed in: the token that says what they may do, and what their forms carry to show
    that they are the dashboard's own."""

    token: Token
    form_secret: str

    def __repr__(self) -> str:
        """The token's number alone."""
        return f"SignIn({self.token.number})"


class SignIns:
    """Who is signed in to the dashboard."""

    def __init__(self, store: SignInStore, tokens: Tokens, clock: Clock) -> None:
        self._store = store
        self._tokens = tokens
        self._clock = clock

    async def enter(self, token_text: str) -> str:
        """The secret of a new sign-in, for the browser's cookie. Raises ApiError(UNAUTHENTICATED)."""
        token = await self._tokens.authenticate(f"Bearer {token_text}")
        secret, now = secrets.token_urlsafe(_SECRET_BYTES), self._clock.now()
        stored = StoredSignIn(
            secret_sha256=digest(secret),
            token=token.number or None,
            token_sha256=self._tokens.proof(token),
            created_at=now,
            seen_at=now,
        )
        await self._store.add(stored, now - LONGEST_SECONDS, now - IDLE_SECONDS)
        return secret

    async def find(self, secret: str) -> SignIn | None:
        """Who has that secret; None when nobody has, any more."""
        if not secret.isascii() or not 0 < len(secret) <= _LONGEST_SECRET:
            return None
        stored, now = await self._store.get(digest(secret)), self._clock.now()
        if stored is None:
            return None
        if now - stored.seen_at > IDLE_SECONDS or now - stored.created_at > LONGEST_SECONDS:
            return None
        token = await self._tokens.recall(stored.token or 0, stored.token_sha256)
        if token is None:
            return None
        if now - stored.seen_at > _SEEN_EVERY_SECONDS:
            await self._store.seen(stored.secret_sha256, now)
        return SignIn(token=token, form_secret=form_secret(secret))

    async def leave(self, secret: str) -> None:
        """Sign out."""
        await self._store.end(digest(secret))


def form_secret(secret: str) -> str:
    """What forms carry: known to whoever has the cookie's secret, and telling nothing about it."""
    return hmac.new(secret.encode(), b"waypost dashboard form", hashlib.sha256).hexdigest()


def is_form_secret(sign_in: SignIn, given: str) -> bool:
    """Whether a form is one of this sign-in."""
    return same(sign_in.form_secret.encode(), given.encode())
