"""The dashboard over HTTP: who gets in, what they see, what their forms may do."""

import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote

import pytest
import pytest_asyncio

from waypost.testing.dashboard import Visitor
from waypost.testing.gateway_stage import CONTACT, PairedInstance, Stage, until

pytestmark = pytest.mark.asyncio(loop_scope="package")

NOWHERE = "https://elsewhere.example"


def admin_token(stage: Stage) -> str:
    return stage.admin["Authorization"].removeprefix("Bearer ")


@pytest_asyncio.fixture(loop_scope="package")
async def visitor(stage: Stage) -> AsyncIterator[Visitor]:
    """Signed in with the admin token."""
    async with Visitor(stage.gateway.url) as here:
        assert (await here.sign_in(admin_token(stage))).status_code == 303
        yield here


@pytest_asyncio.fixture(loop_scope="package")
async def stranger(stage: Stage) -> AsyncIterator[Visitor]:
    """Not signed in."""
    async with Visitor(stage.gateway.url) as here:
        yield here


async def a_token(stage: Stage, *scopes: str, instance: str | None = None) -> dict[str, Any]:
    body = {"instance": instance or stage.instance.id, "scopes": list(scopes)}
    answer = await stage.http.post("/api/whatsapp/v2/tokens", headers=stage.admin, json=body)
    found: dict[str, Any] = answer.json()
    return found


async def test_a_stranger_is_led_to_the_sign_in_and_back(stage: Stage, stranger: Visitor) -> None:
    path = f"/instances/{stage.instance.id}/queue?state=failed"
    sent = await stranger.get(path)
    assert sent.status_code == 303
    page = await stranger.get(sent.headers["location"])
    to = re.search(r'name="to" value="([^"]+)"', page.text)
    assert to is not None
    assert to[1] == path
    answer = await stranger.sign_in(admin_token(stage), to[1])
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert "<h1>Queue</h1>" in (await stranger.get(path)).text


@pytest.mark.parametrize("to", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere", "x"])
async def test_a_link_can_not_lead_away_after_the_sign_in(stage: Stage, stranger: Visitor, to: str) -> None:
    assert (await stranger.sign_in(admin_token(stage), to)).headers["location"] == "/"


async def test_a_wrong_token_is_told_and_mistakes_are_counted_by_where_they_come_from(
    stage: Stage, stranger: Visitor
) -> None:
    async with Visitor(stage.gateway.url, "127.0.0.2") as guesser:
        # Whoever is no trusted proxy can't pretend to be many.
        guesses = [f"1|wrong{n}" for n in range(12)]
        answers = []
        for n, guess in enumerate(guesses):
            guesser.http.headers["X-Forwarded-For"] = f"192.0.2.{n}"
            answers.append(await guesser.sign_in(guess))
        codes = [one.status_code for one in answers]
        assert codes[0] == 401
        assert "No token reads like that" in answers[0].text
        assert codes[-1] == 429
        assert "wrong0" not in answers[0].text
        assert (await guesser.sign_in(admin_token(stage))).status_code == 429
    assert (await stranger.sign_in(admin_token(stage))).status_code == 303


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(stage: Stage, stranger: Visitor) -> None:
    answer = await stranger.sign_in(admin_token(stage))
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert admin_token(stage).partition("|")[2] not in cookie


def paths_of(stage: Stage) -> list[str]:
    """Every page that can be looked at, with the ids of the stage in its path."""
    return [
        "/",
        "/cards",
        "/instances/new",
        "/tokens",
        "/tokens/1/ask",
        *(f"/instances/{stage.instance.id}{path}" for path in ("", "/state", "/queue", "/queue-rows")),
        *(f"/instances/{stage.instance.id}/ask/{act}" for act in ("restart", "logout", "delete")),
        f"/instances/{stage.instance.id}/webhooks",
    ]


async def test_every_page_is_shown_under_the_strict_policy(stage: Stage, visitor: Visitor) -> None:
    for path in [*paths_of(stage), "/nothing-of-ours/", f"/instances/{stage.instance.id}/queue/none"]:
        page = await visitor.get(path)
        if path in paths_of(stage):
            assert page.status_code == 200, f"{path}: {page.text}"
            policy = page.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "'unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert page.headers["x-content-type-options"] == "nosniff"
            assert page.headers["cache-control"] == "no-store"
            assert page.headers["referrer-policy"] == "same-origin"
        else:
            assert page.status_code == 404


async def test_no_page_holds_a_token_or_a_webhooks_secret(stage: Stage, visitor: Visitor) -> None:
    secrets = [admin_token(stage).partition("|")[2], stage.instance.token.partition("|")[2]]
    for path in paths_of(stage):
        text = (await visitor.get(path)).text
        assert [one for one in secrets if one in text] == []


async def test_a_page_loads_nothing_from_elsewhere(stage: Stage, visitor: Visitor) -> None:
    page = (await visitor.get("/")).text
    loaded = re.findall(r'(?:src|href)="([^"#]+)"', page)
    assert [one for one in loaded if not one.startswith("/")] == []
    for path in {one for one in loaded if one.startswith("/assets/")}:
        answer = await visitor.get(path)
        assert (answer.status_code, "immutable" in answer.headers["cache-control"]) == (200, True), path


async def test_who_has_an_instances_token_sees_that_instance_alone(stage: Stage, stranger: Visitor) -> None:
    other = await stage.create("beside", "447700900177")
    try:
        await stranger.sign_in(stage.instance.token)
        overview = (await stranger.get("/")).text
        assert stage.instance.id in overview
        assert other["id"] not in overview
        for path in ("", "/queue", "/webhooks", "/live", "/ask/delete"):
            assert (await stranger.get(f"/instances/{other['id']}{path}")).status_code == 404, path
        assert (await stranger.post(f"/instances/{other['id']}/delete")).status_code == 404
        for path in ("/tokens", "/instances/new", "/tokens/1/ask"):
            assert (await stranger.get(path)).status_code == 403, path
        assert (await stranger.post("/instances", {"name": "x", "phone": "+447700900178"})).status_code == 403
        assert "/tokens" not in overview
    finally:
        await stage.http.delete(f"/api/whatsapp/v2/{other['id']}", headers=stage.admin)


async def test_a_token_that_may_only_read_is_offered_and_allowed_no_more(
    stage: Stage, stranger: Visitor
) -> None:
    made = await a_token(stage, "read")
    await stranger.sign_in(made["token"])
    path = f"/instances/{stage.instance.id}"
    page = (await stranger.get(path)).text
    assert "/ask/delete" not in page
    assert f"{path}/webhooks" not in page
    for refused in ("/restart", "/logout", "/delete", "/qr"):
        assert (await stranger.post(path + refused)).status_code == 403, refused
    assert (await stranger.get(f"{path}/webhooks")).status_code == 403


async def test_revoking_the_token_signs_out_at_once(stage: Stage, stranger: Visitor) -> None:
    made = await a_token(stage, "read")
    await stranger.sign_in(made["token"])
    assert (await stranger.get("/")).status_code == 200
    await stage.http.delete(f"/api/whatsapp/v2/tokens/{made['number']}", headers=stage.admin)
    assert (await stranger.get("/")).status_code == 303


async def test_a_page_that_was_left_open_leads_to_the_sign_in_and_back(
    stage: Stage, stranger: Visitor
) -> None:
    left = f"{stage.gateway.url}/instances/{stage.instance.id}/queue?state=failed"
    asked = {"HX-Request": "true", "HX-Current-URL": left}
    answer = await stranger.http.get("/live/signed-in", headers=asked)
    assert answer.status_code == 401
    assert unquote(answer.headers["hx-redirect"]) == (
        f"/sign-in?to=/instances/{stage.instance.id}/queue?state=failed"
    )
    await stranger.sign_in(stage.instance.token)
    assert (await stranger.http.get("/live/signed-in", headers=asked)).status_code == 204


async def test_signing_out_ends_the_sign_in_for_whoever_kept_the_cookie(stage: Stage) -> None:
    async with Visitor(stage.gateway.url) as here, Visitor(stage.gateway.url) as thief:
        await here.sign_in(admin_token(stage))
        thief.http.cookies.update(here.http.cookies)
        assert (await thief.get("/")).status_code == 200
        assert (await here.post("/sign-out")).headers["location"] == "/sign-in"
        assert (await here.get("/")).status_code == 303
        assert (await thief.get("/")).status_code == 303


async def test_who_signs_in_once_more_ends_the_sign_in_before(stage: Stage) -> None:
    async with Visitor(stage.gateway.url) as here, Visitor(stage.gateway.url) as thief:
        await here.sign_in(admin_token(stage))
        thief.http.cookies.update(here.http.cookies)
        await here.sign_in(stage.instance.token)
        assert (await here.get("/")).status_code == 200
        assert (await thief.get("/")).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": NOWHERE},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=["another origin", "no origin", "cross-site", "same-site"],
)
async def test_another_sites_page_can_post_no_form_even_with_its_secret(
    stage: Stage, visitor: Visitor, headers: dict[str, str]
) -> None:
    data = {"form_secret": visitor.form_secret, "instance": "admin"}
    for path in ("/tokens", "/sign-out", f"/instances/{stage.instance.id}/restart"):
        answer = await visitor.http.post(path, data=data, headers=headers)
        assert answer.status_code == 403, path
    assert (await visitor.get("/")).status_code == 200  # nobody was signed out


async def test_a_form_without_its_secret_does_nothing(stage: Stage, visitor: Visitor) -> None:
    before = (await visitor.get("/tokens")).text.count("<tr>")
    for secret in ("", "0" * 64):
        answer = await visitor.post("/tokens", {"instance": "admin", "form_secret": secret})
        assert answer.status_code == 403
    assert (await visitor.get("/tokens")).text.count("<tr>") == before


async def test_an_instance_is_created_with_its_mistakes_told_at_their_fields(
    stage: Stage, visitor: Visitor
) -> None:
    wrong = await visitor.post("/instances", {"name": "", "phone": "12"})
    assert wrong.status_code == 422
    assert wrong.text.count('aria-invalid="true"') == 2
    taken = await visitor.post("/instances", {"name": "stage", "phone": "+447700900171"})
    assert taken.status_code == 422
    assert 'aria-invalid="true"' in taken.text
    phone = "447700900172"
    made = await visitor.post(
        "/instances", {"name": "<b>bold</b>", "phone": f"+{phone}", "network": "sandbox"}
    )
    path = made.headers["location"]

    async def shown() -> str:
        return (await visitor.get(f"{path}/state")).text

    try:
        page = await until(shown, lambda text: "<svg" in text)
        assert "Linked devices" in page
        assert "style=" not in page
        assert "<b>bold" not in (await visitor.get(path)).text
        typed = await visitor.post(f"{path}/pairing-code")
        assert typed.status_code == 303
        assert re.search(r"[A-Z0-9]{4}-[A-Z0-9]{4}", await shown())
    finally:
        gone = await visitor.post(f"{path}/delete")
        assert gone.headers["location"] == "/"
    assert (await visitor.get(path)).status_code == 404


async def test_a_request_is_found_cancelled_and_sent_after_all(stage: Stage, visitor: Visitor) -> None:
    made = await stage.create("later", "447700900173")  # nobody scans its code: what it sends waits
    waits = PairedInstance(id=made["id"], token=made["access_token"], phone="447700900173")
    try:
        answer = await stage.http.post(
            f"{waits.base}/send-text",
            headers=waits.headers,
            json={"chatId": f"{CONTACT}@c.us", "text": "<i>hm"},
        )
        uuid = answer.json()["queued_request_uuid"]
        path = f"/instances/{waits.id}/queue"

        async def rows() -> str:
            return (await visitor.get(f"{path}?state=waiting&chat={CONTACT}")).text

        assert uuid in await until(rows, lambda found: "No phone is linked" in found)
        assert uuid not in (await visitor.get(f"{path}?state=failed")).text
        assert uuid not in (await visitor.get(f"{path}?chat=447700900199")).text
        assert "must" in (await visitor.get(f"{path}?chat=nobody")).text
        one = (await visitor.get(f"{path}/{uuid}")).text
        assert "&lt;i&gt;hm" in one
        assert "<i>hm" not in one
        await visitor.post(f"{path}/{uuid}/cancel")
        assert ">cancelled<" in (await visitor.get(f"{path}/{uuid}")).text
        await visitor.post(f"{path}/{uuid}/retry")
        assert "Cancel it" in (await visitor.get(f"{path}/{uuid}")).text
    finally:
        await stage.http.delete(waits.base, headers=stage.admin)


async def test_a_token_is_made_shown_once_and_revoked(stage: Stage, visitor: Visitor) -> None:
    page = await visitor.post(
        "/tokens", {"instance": stage.instance.id, "scopes": ["read"], "name": "screen"}
    )
    text = re.search(r'id="made" class="token">(\d+\|\w+)<', page.text)
    assert text is not None
    headers = {"Authorization": f"Bearer {text[1]}"}
    health = f"{stage.instance.base}/health"
    assert (await stage.http.get(health, headers=headers)).status_code == 200
    assert text[1] not in (await visitor.get("/tokens")).text
    assert (await visitor.post("/tokens", {"instance": stage.instance.id})).status_code == 422
    assert (await visitor.post(f"/tokens/{text[1].split('|')[0]}/revoke")).status_code == 303
    assert (await stage.http.get(health, headers=headers)).status_code == 401


async def test_the_stream_names_what_happens_and_tells_no_contents(stage: Stage, visitor: Visitor) -> None:
    path = f"/instances/{stage.instance.id}/live"
    async with visitor.http.stream("GET", path) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.aiter_lines()
        async for line in lines:
            if '"hello"' in line:
                break
        await stage.send_voice(b"this is no audio: the request ends at once")
        async for line in lines:
            if "queued_request.finished" in line:
                assert "queued_request_uuid" not in line  # names, no contents
                break


async def test_no_page_is_part_of_the_api(stage: Stage) -> None:
    document = (await stage.http.get("/docs/openapi.json")).json()
    assert [path for path in document["paths"] if not path.startswith("/api/")] == []
