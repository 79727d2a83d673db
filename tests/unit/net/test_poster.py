"""Where events may be posted to, and what is told when no answer comes."""

import asyncio
import ipaddress
from collections.abc import Sequence

import pytest

from waypost.errors import WEBHOOK_REFUSED, FetchError
from waypost.net import poster as module
from waypost.net.addresses import Address
from waypost.net.allow import AllowList
from waypost.net.poster import Poster
from waypost.testing.receiver import receiving


class Names:
    """A resolver that answers one look-up after the other."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)

    async def __call__(self, host: str) -> Sequence[Address]:
        text = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not text:
            raise OSError("unknown")
        return [ipaddress.ip_address(text)]


def poster(*answers: str, allow: Sequence[str] = ()) -> Poster:
    return Poster(AllowList.parse(allow), Names(*answers))


@pytest.mark.parametrize(
    ("url", "address", "allow"),
    [
        ("https://example.com/hook", "1.1.1.1", []),
        ("https://example.com:8443/hook", "1.1.1.1", ["*:8443"]),
        ("http://example.com/hook", "1.1.1.1", ["example.com"]),
        ("http://n8n:5678/webhook/x", "10.0.0.5", ["n8n:5678"]),
        ("http://n8n:5678/webhook/x", "", ["n8n:5678"]),
        ("http://n8n:5678/webhook/x", "10.0.0.5", ["10.0.0.0/8"]),
        ("https://later.example/", "", []),
    ],
)
async def test_a_url_that_may_be_posted_to_passes(url: str, address: str, allow: list[str]) -> None:
    await poster(address, allow=allow).check(url)


@pytest.mark.parametrize(
    ("url", "address", "allow"),
    [
        ("http://example.com/hook", "1.1.1.1", []),
        ("https://example.com:8443/hook", "1.1.1.1", []),
        ("http://n8n:5678/webhook/x", "10.0.0.5", []),
        ("https://n8n/webhook/x", "10.0.0.5", []),
        ("http://n8n:5678/webhook/x", "10.0.0.5", ["n8n:5679"]),
        ("http://n8n:5678/webhook/x", "", []),
        ("https://example.com/hook", "169.254.169.254", []),
    ],
)
async def test_any_other_is_refused_by_the_name_of_the_setting(
    url: str, address: str, allow: list[str]
) -> None:
    with pytest.raises(FetchError) as refused:
        await poster(address, allow=allow).check(url)
    assert refused.value.fault is WEBHOOK_REFUSED
    assert "WAYPOST_WEBHOOK_ALLOW" in refused.value.message
    assert "/hook" not in refused.value.message


async def test_a_name_that_turns_inside_after_it_was_checked_is_not_connected_to() -> None:
    async with receiving() as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        turning = poster("1.1.1.1", "127.0.0.1", allow=[f"*:{port}"])
        url = f"https://example.com:{port}/"
        await turning.check(url)
        async with turning.mailbox(url) as box:
            with pytest.raises(FetchError) as refused:
                await box.post({}, b"{}", 100)
    assert refused.value.fault is WEBHOOK_REFUSED
    assert receiver.came == []


async def test_a_receiver_that_says_nothing_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TOTAL_SECONDS", 0.2)
    async with receiving() as receiver, asyncio.timeout(20):
        receiver.hold.clear()
        async with poster("127.0.0.1", allow=["127.0.0.1"]).mailbox(receiver.url) as box:
            with pytest.raises(FetchError) as failed:
                await box.post({}, b"{}", 100)
    assert failed.value.detail == "It did not answer, or not fast enough."
    assert len(receiver.came) == 1


async def test_a_receiver_that_is_not_there_is_told_as_that() -> None:
    async with receiving() as receiver:
        url = receiver.url
    async with poster("127.0.0.1", allow=["127.0.0.1"]).mailbox(url) as box:
        with pytest.raises(FetchError) as failed:
            await box.post({}, b"{}", 100)
    assert failed.value.detail == "Its server refused the connection."
