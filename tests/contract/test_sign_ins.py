"""Who is signed in to the dashboard, on either database."""

import pytest

from waypost.access.sign_ins import IDLE_SECONDS, LONGEST_SECONDS, SignIns
from waypost.access.token import digest
from waypost.access.tokens import Tokens
from waypost.errors import UNAUTHENTICATED, ApiError
from waypost.instances.instance import Instance
from waypost.storage.database import Database
from waypost.storage.instances import SqlInstances
from waypost.storage.sign_ins import SqlSignIns
from waypost.storage.tokens import SqlTokens
from waypost.testing.clock import FakeClock

SHOP = Instance(id="i1", name="shop", phone="1", network="sandbox", created_at=1.5)
CONFIGURED = "7|of-the-settings-of-this-gateway"


class House:
    """Tokens and sign-ins of one database."""

    def __init__(self, database: Database, configured: str = CONFIGURED) -> None:
        self.clock = FakeClock()
        self.tokens = Tokens(SqlTokens(database), self.clock, configured)
        self.store = SqlSignIns(database)
        self.sign_ins = SignIns(self.store, self.tokens, self.clock)


async def test_who_signed_in_may_do_what_the_token_may(database: Database) -> None:
    house = House(database)
    await SqlInstances(database).add(SHOP)
    issued = await house.tokens.issue(instance_id="i1", scopes=["read"])
    secret = await house.sign_ins.enter(issued.text)
    found = await house.sign_ins.find(secret)
    assert found is not None
    assert (found.token, issued.text in repr(found)) == (issued.token, False)
    assert await house.sign_ins.find(secret + "x") is None
    assert await house.sign_ins.find("") is None
    # The secret itself is not kept.
    assert await house.store.get(secret.encode()) is None
    assert await house.store.get(digest(secret)) is not None


async def test_no_token_opens_nothing(database: Database) -> None:
    with pytest.raises(ApiError) as refused:
        await House(database).sign_ins.enter("1|nothing")
    assert refused.value.fault is UNAUTHENTICATED


async def test_revoking_the_token_ends_the_sign_in(database: Database) -> None:
    house = House(database)
    issued = await house.tokens.issue(instance_id=None, scopes=["admin"])
    secret = await house.sign_ins.enter(issued.text)
    await house.tokens.revoke(issued.token, issued.token.number)
    assert await house.sign_ins.find(secret) is None
    assert await house.store.get(digest(secret)) is None


async def test_deleting_the_instance_ends_the_sign_in(database: Database) -> None:
    house, instances = House(database), SqlInstances(database)
    await instances.add(SHOP)
    secret = await house.sign_ins.enter((await house.tokens.issue(instance_id="i1")).text)
    await instances.delete("i1")
    assert await house.store.get(digest(secret)) is None


async def test_another_token_in_the_settings_ends_what_the_former_one_opened(database: Database) -> None:
    secret = await House(database).sign_ins.enter(CONFIGURED)
    assert await House(database).sign_ins.find(secret) is not None
    assert await House(database, "7|another-token-of-the-settings").sign_ins.find(secret) is None
    assert await House(database, "").sign_ins.find(secret) is None


async def test_a_sign_in_that_nobody_uses_ends(database: Database) -> None:
    house = House(database)
    secret = await house.sign_ins.enter(CONFIGURED)
    house.clock.advance(IDLE_SECONDS - 1)
    assert await house.sign_ins.find(secret) is not None  # used, so it begins anew
    house.clock.advance(IDLE_SECONDS - 1)
    assert await house.sign_ins.find(secret) is not None
    house.clock.advance(IDLE_SECONDS + 1)
    assert await house.sign_ins.find(secret) is None


async def test_a_sign_in_that_is_used_ends_after_its_longest_time(database: Database) -> None:
    house = House(database)
    secret = await house.sign_ins.enter(CONFIGURED)
    for _ in range(int(LONGEST_SECONDS // IDLE_SECONDS)):
        house.clock.advance(IDLE_SECONDS - 1)
        assert await house.sign_ins.find(secret) is not None
    house.clock.advance(IDLE_SECONDS - 1)
    assert await house.sign_ins.find(secret) is None


async def test_signing_out_ends_one_sign_in_and_no_other(database: Database) -> None:
    house = House(database)
    mine, other = await house.sign_ins.enter(CONFIGURED), await house.sign_ins.enter(CONFIGURED)
    await house.sign_ins.leave(mine)
    assert await house.sign_ins.find(mine) is None
    assert await house.sign_ins.find(other) is not None


async def test_those_that_ended_are_forgotten_with_the_next_sign_in(database: Database) -> None:
    house = House(database)
    old = await house.sign_ins.enter(CONFIGURED)
    house.clock.advance(IDLE_SECONDS + 1)
    new = await house.sign_ins.enter(CONFIGURED)
    assert await house.store.get(digest(old)) is None
    assert await house.store.get(digest(new)) is not None
