"""No page of the dashboard is open: each is asked for by who may not see it, whatever pages there are."""

from typing import Any

import pytest

from waypost.dashboard.page import Page
from waypost.dashboard.pages import pages
from waypost.testing.dashboard import Visitor
from waypost.testing.gateway_stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="package")


class Anything:
    """Stands for whatever pages are made with; none is asked."""

    def __getattr__(self, name: str) -> Any:
        return Anything()

    def __call__(self, *given: Any, **named: Any) -> Any:
        return Anything()


def every_page() -> list[Page]:
    parts: Any = Anything()
    found = pages(parts)
    assert len(found) > 20
    return found


def path_of(page: Page, instance_id: str) -> str:
    parts = [
        instance_id if one == "{instance}" else "1" if one[:1] == "{" else one for one in page.path.split("/")
    ]
    return "/".join(parts)


async def test_who_is_not_signed_in_sees_no_page_and_posts_no_form(stage: Stage) -> None:
    async with Visitor(stage.gateway.url) as stranger:
        for page in every_page():
            path = path_of(page, stage.instance.id)
            answer = await (stranger.get(path) if page.method == "GET" else stranger.post(path))
            assert answer.status_code == 303, page.name
            assert answer.headers["location"].startswith("/sign-in"), page.name


async def test_an_instance_outside_of_the_tokens_scope_is_on_no_page(stage: Stage) -> None:
    other = await stage.create("zebra", "447700900178")
    try:
        async with Visitor(stage.gateway.url) as stranger:
            await stranger.sign_in(stage.instance.token)
            for page in every_page():
                if not page.of_instance and page.scope != "admin":
                    continue  # it shows what the token sees: tests/network/gateway/test_dashboard.py
                path = path_of(page, other["id"])
                answer = await (stranger.get(path) if page.method == "GET" else stranger.post(path))
                assert answer.status_code == (404 if page.of_instance else 403), page.name
                assert "zebra" not in answer.text, page.name
    finally:
        await stage.http.delete(f"/api/whatsapp/v2/{other['id']}", headers=stage.admin)


async def test_no_form_is_acted_on_without_its_secret(stage: Stage) -> None:
    async with Visitor(stage.gateway.url) as visitor:
        await visitor.sign_in(stage.admin["Authorization"].removeprefix("Bearer "))
        visitor.form_secret = "0" * 64
        for page in every_page():
            if page.method == "POST":
                answer = await visitor.post(path_of(page, stage.instance.id))
                assert answer.status_code == 403, page.name
