"""Tokens: issue, check, list and revoke."""

from collections.abc import Sequence
from typing import Protocol

from waypost.access.token import INSTANCE_SCOPES, IssuedToken, Scope, Token, digest, new_secret, same, split
from waypost.clock import Clock
from waypost.errors import FORBIDDEN, INVALID, NOT_FOUND, UNAUTHENTICATED, ApiError, InvalidRequest

# How long a checked token counts without another look at the database: it bounds how long one that was
# revoked from outside (`waypost token reset-admin` beside a running gateway) goes on working.
CACHE_SECONDS = 5.0
_CACHE_MAX = 10_000  # tokens; beyond it the cache starts anew


class TokenStore(Protocol):
    """Where tokens are kept."""

    async def add(
        self,
        secret_sha256: bytes,
        scopes: Sequence[Scope],
        instance_id: str | None,
        name: str,
        at: float,
        number: int | None,
    ) -> Token | None:
        """Keep a new token; its number is the next one unless given. None when that number is taken."""
        ...

    async def add_first_admin(self, secret_sha256: bytes, name: str, at: float) -> Token | None:
        """Keep an admin token if there is none; None when there is one, or another node has just made it."""
        ...

    async def get(self, number: int) -> Token | None:
        """The token with that number."""
        ...

    async def list(self) -> list[Token]:
        """All tokens, by number."""
        ...

    async def delete(self, number: int) -> bool:
        """Forget a token; False when there was none."""
        ...


class Tokens:
    """The tokens of a gateway, with those of the last seconds in memory."""

    def __init__(self, store: TokenStore, clock: Clock, configured_admin: str = "") -> None:
        """`configured_admin`: the admin token that the settings carry, valid beside the stored ones."""
        self._store = store
        self._clock = clock
        self._configured = digest(configured_admin) if configured_admin else None
        self._configured_token = Token(
            number=0, secret_sha256=b"", scopes=("admin",), created_at=0.0, name="settings"
        )
        self._cache: dict[str, tuple[Token, float]] = {}

    async def authenticate(self, authorization: str | None) -> Token:
        """The token of an `Authorization` header. Raises ApiError(UNAUTHENTICATED)."""
        kind, _, text = (authorization or "").partition(" ")
        text = text.strip()
        if kind.lower() != "bearer" or not text:
            raise ApiError(UNAUTHENTICATED)
        known = self._cache.get(text)
        if known is not None and known[1] > self._clock.monotonic():
            return known[0]
        token = await self._look_up(text)
        if token is None:
            self._cache.pop(text, None)
            raise ApiError(UNAUTHENTICATED)
        if len(self._cache) >= _CACHE_MAX:
            self._cache.clear()
        self._cache[text] = (token, self._clock.monotonic() + CACHE_SECONDS)
        return token

    async def _look_up(self, text: str) -> Token | None:
        if self._configured is not None and same(digest(text), self._configured):
            return self._configured_token
        parts = split(text)
        if parts is None:
            return None
        token = await self._store.get(parts[0])
        return token if token is not None and same(token.secret_sha256, digest(parts[1])) else None

    def proof(self, token: Token) -> bytes:
        """What `recall` needs to know a token again: the SHA-256 of what is secret of it."""
        return self._configured or b"" if token is self._configured_token else token.secret_sha256

    async def recall(self, number: int, proof: bytes) -> Token | None:
        """The token of that number, unless it was revoked or is another by now; 0 is the one of the
        settings.
        """
        if number == 0:
            known = self._configured is not None and same(self._configured, proof)
            return self._configured_token if known else None
        token = await self._store.get(number)
        return token if token is not None and same(token.secret_sha256, proof) else None

    async def issue(
        self, *, instance_id: str | None, scopes: Sequence[Scope] = INSTANCE_SCOPES, name: str = ""
    ) -> IssuedToken:
        """Make a token: for one instance, or with scope `admin` for everything."""
        secret = new_secret()
        token = await self._store.add(digest(secret), scopes, instance_id, name, self._clock.now(), None)
        if token is None:
            raise ApiError(INVALID)
        return IssuedToken(token=token, text=f"{token.number}|{secret}")

    async def bring(self, text: str, *, instance_id: str, scopes: Sequence[Scope] = INSTANCE_SCOPES) -> Token:
        """Keep a token that was made elsewhere, so that a switching user changes nothing. Raises
        InvalidRequest.
        """
        parts = split(text)
        if parts is None:
            raise InvalidRequest({"token": ["A token reads <number>|<secret>."]})
        at = self._clock.now()
        token = await self._store.add(digest(parts[1]), scopes, instance_id, "imported", at, parts[0])
        if token is None:
            raise InvalidRequest({"token": ["A token with this number exists already."]})
        return token

    async def issue_first_admin(self) -> IssuedToken | None:
        """Make an admin token where nobody holds one: of nodes that start together, one does."""
        secret = new_secret()
        token = await self._store.add_first_admin(digest(secret), "first", self._clock.now())
        return None if token is None else IssuedToken(token=token, text=f"{token.number}|{secret}")

    async def list(self, asker: Token) -> list[Token]:
        """The tokens that `asker` may know of: all for an admin, else those of its own instance."""
        return [one for one in await self._store.list() if _may_manage(asker, one)]

    async def revoke(self, asker: Token, number: int) -> None:
        """Make a token invalid at once. Raises ApiError(NOT_FOUND)."""
        token = await self._store.get(number)
        if token is None or not _may_manage(asker, token):
            raise ApiError(NOT_FOUND)
        await self._store.delete(number)
        self._cache.clear()

    def forget(self) -> None:
        """Look every token up anew: an instance and its tokens were deleted."""
        self._cache.clear()


def require_admin(token: Token) -> None:
    """Raises ApiError(FORBIDDEN) unless `token` may do everything."""
    if not token.is_admin:
        raise ApiError(FORBIDDEN, "It needs an admin token.")


def _may_manage(asker: Token, token: Token) -> bool:
    return asker.is_admin or (token.instance_id is not None and asker.allows(token.instance_id, "manage"))
