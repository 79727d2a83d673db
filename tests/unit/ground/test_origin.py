import asyncio
import io

import msgspec
import pytest

from waypost.origin import Origin, apart, on_behalf_of, origin, sane_request_id, sane_traceparent
from waypost.telemetry import make_log


@pytest.mark.parametrize("brought", ["a", "req-1.2_3:4", "0af7651916cd43dd8448eb211c80319c", "A" * 64])
def test_a_request_id_that_logs_and_headers_can_carry_is_taken(brought: str) -> None:
    assert sane_request_id(brought) == brought


@pytest.mark.parametrize("brought", [None, "", "-a", "a b", "a\nb", 'a"b', "ä", "A" * 65, "a/b", "<b>"])
def test_any_other_is_not(brought: str | None) -> None:
    assert sane_request_id(brought) is None


@pytest.mark.parametrize(
    ("brought", "good"),
    [
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", True),
        ("00-00000000000000000000000000000000-b7ad6b7169203331-01", False),
        ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", False),
        ("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", False),
        ("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", False),
        ("", False),
    ],
)
def test_a_traceparent_is_read_strictly(brought: str, good: bool) -> None:
    assert (sane_traceparent(brought) == brought) is good


async def test_what_is_started_apart_works_on_nobodys_behalf_and_other_tasks_on_their_starters() -> None:
    async def whose() -> Origin | None:
        return origin()

    with on_behalf_of(Origin("r1")):
        inside, outside = asyncio.create_task(whose()), asyncio.create_task(whose(), context=apart())
        assert await inside == Origin("r1")
        assert await outside is None
    assert origin() is None


def test_a_line_names_the_call_that_it_is_about_unless_it_does_so_already() -> None:
    stream = io.StringIO()
    log = make_log("info", "json", stream)
    log.info("before")
    with on_behalf_of(Origin("r1")):
        log.info("within")
        log.info("of_another", request_id="r2")
    lines = [msgspec.json.decode(line) for line in stream.getvalue().splitlines()]
    assert [line.get("request_id") for line in lines] == [None, "r1", "r2"]
