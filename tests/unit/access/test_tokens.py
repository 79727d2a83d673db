from collections.abc import Sequence

import pytest

from waypost.access.token import Scope, Token, split
from waypost.access.tokens import CACHE_SECONDS, Tokens
from waypost.errors import ApiError, InvalidRequest
from waypost.testing.clock import FakeClock


class Rows:
    """Tokens in a dictionary; counts look-ups."""

    def __init__(self) -> None:
        self.rows: dict[int, Token] = {}
        self.looked = 0

    async def add(
        self,
        secret_sha256: bytes,
        scopes: Sequence[Scope],
        instance_id: str | None,
        name: str,
        at: float,
        number: int | None,
    ) -> Token | None:
        number = number or max(self.rows, default=0) + 1
        if number in self.rows:
            return None
        self.rows[number] = Token(
            number=number,
            secret_sha256=secret_sha256,
            scopes=tuple(scopes),
            created_at=at,
            instance_id=instance_id,
            name=name,
        )
        return self.rows[number]

    async def add_first_admin(self, secret_sha256: bytes, name: str, at: float) -> Token | None:
        if any(token.is_admin for token in self.rows.values()):
            return None
        return await self.add(secret_sha256, ("admin",), None, name, at, None)

    async def get(self, number: int) -> Token | None:
        self.looked += 1
        return self.rows.get(number)

    async def list(self) -> list[Token]:
        return [self.rows[number] for number in sorted(self.rows)]

    async def delete(self, number: int) -> bool:
        return self.rows.pop(number, None) is not None


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def rows() -> Rows:
    return Rows()


@pytest.fixture
def tokens(rows: Rows, clock: FakeClock) -> Tokens:
    return Tokens(rows, clock, "7|" + "c" * 40)


async def test_the_first_admin_token_is_made_once_and_opens_everything(tokens: Tokens) -> None:
    issued = await tokens.issue_first_admin()
    assert issued is not None
    assert (await tokens.authenticate(f"Bearer {issued.text}")).is_admin
    assert await tokens.issue_first_admin() is None


async def test_an_issued_token_is_known_and_its_secret_is_kept_nowhere(tokens: Tokens, rows: Rows) -> None:
    issued = await tokens.issue(instance_id="i")
    assert (await tokens.authenticate(f"Bearer {issued.text}")).number == issued.token.number
    secret = issued.text.split("|")[1]
    assert secret not in repr(rows.rows)
    assert secret not in repr(issued)


async def test_a_known_token_is_looked_up_again_only_after_some_seconds(
    tokens: Tokens, rows: Rows, clock: FakeClock
) -> None:
    issued = await tokens.issue(instance_id="i")
    for _ in range(3):
        await tokens.authenticate(f"Bearer {issued.text}")
    assert rows.looked == 1
    rows.rows.clear()
    clock.advance(CACHE_SECONDS + 0.1)
    with pytest.raises(ApiError):
        await tokens.authenticate(f"Bearer {issued.text}")


async def test_the_configured_admin_token_counts_beside_the_stored_ones(tokens: Tokens) -> None:
    assert (await tokens.authenticate("Bearer 7|" + "c" * 40)).is_admin


@pytest.mark.parametrize(
    "header", [None, "", "Bearer ", "Bearer x", "Basic 1|x", "Bearer 1|x", "Bearer |", "Bearer ²|x"]
)
async def test_anything_else_is_no_token(tokens: Tokens, header: str | None) -> None:
    with pytest.raises(ApiError):
        await tokens.authenticate(header)


async def test_a_token_from_elsewhere_keeps_its_number_once(tokens: Tokens) -> None:
    text = "4711|" + "s" * 30
    assert (await tokens.bring(text, instance_id="i")).number == 4711
    assert (await tokens.authenticate(f"Bearer {text}")).instance_id == "i"
    with pytest.raises(InvalidRequest):
        await tokens.bring(text, instance_id="i")


async def test_a_revoked_token_is_gone_at_once_and_only_its_owner_may_revoke(tokens: Tokens) -> None:
    one = await tokens.issue(instance_id="i", scopes=("read",))
    manager = await tokens.issue(instance_id="i", scopes=("manage",))
    await tokens.authenticate(f"Bearer {one.text}")
    with pytest.raises(ApiError):
        await tokens.revoke(one.token, manager.token.number)
    await tokens.revoke(manager.token, one.token.number)
    with pytest.raises(ApiError):
        await tokens.authenticate(f"Bearer {one.text}")


@pytest.mark.parametrize("text", ["", "1", "1|", "|x", "a|x", "1" * 19 + "|x", "1|" + "x" * 600])
def test_what_is_no_token_is_not_split(text: str) -> None:
    assert split(text) is None
