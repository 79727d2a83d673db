import asyncio
from pathlib import Path

import httpx
import pytest

from waypost.errors import SandboxError
from waypost.sandbox.client import SandboxClient
from waypost.sandbox.server import Sandbox, start_sandbox
from waypost.sandbox.settings import SandboxSettings
from waypost.sandbox.views import Attachment, ContactPatch, NewContact, NewFailure, Send

ADA = "+491700000001"


async def test_a_new_state_has_a_contact_and_one_whose_number_is_corrected(client: SandboxClient) -> None:
    views = {view.phone: view.registered_as for view in await client.contacts()}
    assert views == {ADA: ADA, "+5511987654321": "+551187654321"}


FOREIGN = [{"host": "evil.example"}, {"host": "127.0.0.1.evil.example"}, {"origin": "https://evil.example"}]


async def test_a_foreign_host_or_origin_is_refused(sandbox: Sandbox) -> None:
    async with httpx.AsyncClient(base_url=sandbox.control_url, trust_env=False) as http:
        for headers in FOREIGN:
            answer = await http.get("/v1/contacts", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "sandbox_forbidden"), headers
        assert (await http.get("/v1/contacts", headers={"host": "localhost:1"})).status_code == 200


WRONG = [
    ("GET", "/v1/nothing", None, 404, "not_found"),
    ("PUT", "/v1/phones", None, 405, "method_not_allowed"),
    ("POST", "/v1/phones", "{", 422, "sandbox_invalid"),
    ("POST", "/v1/phones", '{"phone": 5}', 422, "sandbox_invalid"),
    ("POST", "/v1/phones", '{"phone": "+49", "extra": 1}', 422, "sandbox_invalid"),
    ("POST", "/v1/phones", '{"phone": "+12"}', 422, "sandbox_invalid"),
    ("POST", "/v1/failures", '{"kind": "nonsense"}', 422, "sandbox_invalid"),
    ("POST", "/v1/contacts", '{"phone": "+4917000099", "read_after": -1}', 422, "sandbox_invalid"),
    ("GET", "/v1/contacts/+491700000001/inbox?wait=1000", None, 422, "sandbox_invalid"),
    ("GET", "/v1/contacts/+491700000001/inbox/7/media", None, 404, "not_found"),
    ("GET", "/v1/contacts/+4917000099/inbox", None, 404, "sandbox_no_such"),
    ("GET", "/v1/contacts/+551187654321/inbox?after=1000000000000000000000", None, 422, "sandbox_invalid"),
    ("GET", "/v1/contacts/+491700000001/inbox/1000000000000000000000/media", None, 404, "not_found"),
    ("GET", "/v1/phones/+491700000001", None, 409, "sandbox_conflict"),
    ("POST", "/v1/failures", '{"kind": "slow_media", "phone": "+491700000001"}', 422, "sandbox_invalid"),
    ("POST", "/v1/failures", '{"kind": "ban", "times": 0}', 422, "sandbox_invalid"),
    ("POST", "/v1/failures", '{"kind": "withhold_ack", "seconds": -1}', 422, "sandbox_invalid"),
    ("POST", "/v1/contacts/+491700000001/send", '{"to": "+49152", "seconds": -5}', 422, "sandbox_invalid"),
    ("POST", "/v1/phones", "{" + " " * (65 << 20), 422, "sandbox_invalid"),
]


async def test_a_wrong_call_is_an_error_of_its_code(sandbox: Sandbox) -> None:
    async with httpx.AsyncClient(base_url=sandbox.control_url, trust_env=False) as http:
        for method, path, body, status, code in WRONG:
            answer = await http.request(method, path, content=body)
            assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
            assert answer.json()["message"]


async def test_creating_twice_is_once(client: SandboxClient) -> None:
    first = await client.add_phone("+49 152 0000 0001", "Shop")
    second = await client.add_phone("+4915200000001")
    assert (first, [phone.phone for phone in await client.phones()]) == (second, ["+4915200000001"])
    with pytest.raises(SandboxError) as conflict:
        await client.add_contact(NewContact("+4915200000001"))
    assert conflict.value.code == "sandbox_conflict"


async def test_a_contact_is_changed_only_where_it_is_asked_to_be(client: SandboxClient) -> None:
    before = await client.contact(ADA)
    after = await client.change_contact(ADA, ContactPatch(read_after=None))
    assert (after.delivered_after, after.read_after, after.played_after, after.name) == (
        before.delivered_after, None, before.played_after, before.name,
    )  # fmt: skip


async def test_a_long_poll_ends_when_its_time_is_over_and_without_a_message(client: SandboxClient) -> None:
    inbox = await client.inbox(ADA, wait=0.1)
    assert (inbox.messages, inbox.last) == ([], 0)


async def test_a_long_poll_is_answered_when_the_sandbox_stops(tmp_path: Path) -> None:
    async with start_sandbox(SandboxSettings(data=tmp_path)) as sandbox, asyncio.timeout(10):
        client = SandboxClient(sandbox.control_url)
        poll = asyncio.create_task(client.inbox(ADA, wait=60))
        while sandbox.network.inbox.locked() or not sandbox.network.inbox._waiters:
            await asyncio.sleep(0.01)
    assert (await poll).messages == []
    await client.close()


async def test_a_failure_can_be_seen_and_ended(client: SandboxClient) -> None:
    await client.add_phone("+4915200000001")
    failure = await client.fail(NewFailure(kind="ban", phone="+4915200000001"))
    assert [known.id for known in await client.failures()] == [failure.id]
    await client.end_failure(failure.id)
    assert await client.failures() == []
    with pytest.raises(SandboxError):
        await client.end_failure(failure.id)


async def test_a_send_needs_a_phone_and_one_content(client: SandboxClient) -> None:
    with pytest.raises(SandboxError, match="phones add"):
        await client.send(ADA, Send(to="+4915200000009", text="x"))
    await client.add_phone("+4915200000009")
    file = Attachment(kind="document", data=b"x", mimetype="text/plain")
    for wrong in (
        Send(to="+4915200000009"),
        Send(to="+4915200000009", text="x", audio=b"x"),
        Send(to="+4915200000009", text="x", file=file),
    ):
        with pytest.raises(SandboxError, match="one of text, audio, file and act"):
            await client.send(ADA, wrong)


async def test_a_sandbox_that_does_not_run_names_the_command() -> None:
    async with SandboxClient("http://127.0.0.1:9") as client:
        with pytest.raises(SandboxError, match="waypost sandbox serve"):
            await client.stats()


async def test_many_calls_at_once_are_all_answered(client: SandboxClient) -> None:
    views = await asyncio.gather(*(client.add_phone(f"+49152000010{number:02}") for number in range(20)))
    assert len({view.lid for view in views}) == 20
