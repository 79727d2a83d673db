"""The dashboard's managing pages in a real browser, each looked at in light, in dark and on a phone."""

import asyncio
import io
import re

import pytest
import zxingcpp
from PIL import Image
from playwright.async_api import Browser, Route, expect
from tests.browser.conftest import SCREENS
from tests.browser.desk import Desk

from waypost.testing.gateway_stage import CONTACT, Stage, until
from waypost.testing.receiver import receiving

pytestmark = pytest.mark.asyncio(loop_scope="package")

SHOP = "447700900191"


async def scanned(desk: Desk) -> str:
    """What a phone reads off the screen, which it looks at until there is a code."""

    async def look() -> list[str]:
        # The whole page: the code alone may be exchanged while its picture is taken.
        picture = Image.open(io.BytesIO(await desk.page.screenshot(full_page=True)))
        return [code.text for code in zxingcpp.read_barcodes(picture)]

    codes: list[str] = await until(look, bool)
    return codes[0]


async def test_a_number_is_connected_by_the_code_on_the_screen_and_deleted(stage: Stage, desk: Desk) -> None:
    page = desk.page
    await page.get_by_role("link", name="Connect a number").click()
    await page.get_by_label("Phone number").fill("12")
    await page.get_by_label("Name").fill("Corner shop")
    await page.get_by_role("button", name="Create it").click()
    await expect(page.get_by_label("Phone number")).to_have_attribute("aria-invalid", "true")
    await desk.look("connect")
    await page.get_by_label("Phone number").fill(f"+{SHOP}")
    await page.get_by_role("button", name="Create it").click()
    await expect(page.get_by_role("heading", name="Waits for a phone")).to_be_visible()
    text = await scanned(desk)
    await desk.look("code")
    await stage.control.add_phone(f"+{SHOP}")
    await stage.control.scan(f"+{SHOP}", text)
    # Nobody reloads: the page hears of it.
    await expect(page.get_by_role("heading", name="Connected", exact=True)).to_be_visible()
    await desk.look("instance")
    await page.get_by_role("link", name="Delete").click()
    await desk.look("ask")
    await page.get_by_role("button", name="Delete").click()
    await expect(page).to_have_url(re.compile(r"/$"))
    await expect(page.get_by_text("Corner shop")).to_have_count(0)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_code_that_nobody_scans_is_renewed_on_the_screen_and_the_later_one_is_good(
    stage: Stage, desk: Desk
) -> None:
    phone = "447700900194"
    made = await stage.create("patient", phone)
    await stage.control.add_phone(f"+{phone}")
    await desk.page.goto(f"/instances/{made['id']}")
    first = await scanned(desk)
    # The first one is good for a minute.
    later = await until(lambda: scanned(desk), lambda found: found != first, 150.0)
    await stage.control.scan(f"+{phone}", later)
    await expect(desk.page.get_by_role("heading", name="Connected", exact=True)).to_be_visible()
    await stage.http.delete(f"/api/whatsapp/v2/{made['id']}", headers=stage.admin)


async def test_a_code_is_typed_where_there_is_no_camera(stage: Stage, desk: Desk) -> None:
    page, phone = desk.page, "447700900192"
    made = await stage.create("typed", phone)
    await stage.control.add_phone(f"+{phone}")
    await page.goto(f"/instances/{made['id']}")
    await page.get_by_role("button", name="No camera?").click()
    code = await page.locator("#pairing-code").text_content()
    assert code is not None
    await desk.look("pairing-code")
    await stage.http.delete(f"/api/whatsapp/v2/{made['id']}", headers=stage.admin)


async def test_instances_are_told_as_they_change(stage: Stage, desk: Desk) -> None:
    await desk.page.goto("/")
    card = desk.page.get_by_role("listitem").filter(has_text="+447700900101")
    await expect(card.get_by_text("Connected")).to_be_visible()
    await stage.http.post(f"{stage.instance.base}/restart", headers=stage.admin)
    made = await stage.create("beside", "447700900193")
    await expect(desk.page.get_by_text("Waits for a phone")).to_be_visible()
    await expect(card.get_by_text("Connected")).to_be_visible()
    await desk.look("instances")
    await stage.http.delete(f"/api/whatsapp/v2/{made['id']}", headers=stage.admin)


async def test_more_windows_than_a_browser_has_connections_go_on(stage: Stage, desk: Desk) -> None:
    windows = [await desk.context.new_page() for _ in range(8)]
    for window in windows:
        await window.goto(f"/instances/{stage.instance.id}")
        assert await window.evaluate("document.visibilityState") == "visible"
    # All of them are open, and there is a connection left to ask by.
    asked = "fetch('/live/signed-in', {headers: {'HX-Request': 'true'}}).then(answer => answer.status)"
    assert await windows[-1].evaluate(asked) == 204
    await windows[-1].close()
    for window in windows[:-1]:
        await expect(window.get_by_role("heading", name="Connected", exact=True)).to_be_visible()
        await window.close()


async def test_a_failed_request_is_found_and_sent_after_all(stage: Stage, desk: Desk) -> None:
    page, over = desk.page, asyncio.Event()

    async def late(route: Route) -> None:
        await over.wait()
        await route.continue_()

    await page.route("**/live", late)
    await page.goto(f"/instances/{stage.instance.id}/queue")
    await stage.finished(await stage.send_voice(b"no audio at all, of course"))
    over.set()
    # The list hears of it, also of what was over before its stream began.
    row = page.get_by_role("row").filter(has_text="failed")
    await expect(row).to_be_visible()
    await desk.look("queue")
    await page.get_by_label("State").select_option("failed")
    await page.get_by_role("button", name="Filter").click()
    await row.get_by_role("link", name="send-voice").click()
    await expect(page.get_by_text("not_audio")).to_be_visible()
    await desk.look("request")
    await page.get_by_role("button", name="Send it after all").click()
    await expect(page.get_by_text("not_audio")).to_be_visible()


async def test_a_webhook_is_made_tried_and_its_deliveries_sent_again(stage: Stage, desk: Desk) -> None:
    page = desk.page
    async with receiving() as receiver:
        await page.goto(f"/instances/{stage.instance.id}/webhooks")
        await desk.look("webhooks-none")
        await page.get_by_label("Address").fill(receiver.url)
        await page.get_by_label("queued_request.finished").check()
        await page.get_by_role("button", name="Make it").click()
        await expect(page.get_by_role("heading", name="here are its secrets")).to_be_visible()
        await page.get_by_role("link", name=receiver.url).click()
        await page.get_by_role("button", name="Send a test").click()
        await expect(page.get_by_text("The test arrived")).to_be_visible()
        body = {"chatId": f"{CONTACT}@c.us", "text": "hello"}
        headers = stage.instance.headers
        await stage.finished(
            await stage.http.post(f"{stage.instance.base}/send-text", headers=headers, json=body)
        )
        event = page.get_by_role("link", name="queued_request.finished").first
        await expect(event).to_be_visible()
        await desk.look("webhook")
        await event.click()
        await page.get_by_role("button", name="Send it again").click()
        await expect(page.get_by_text("answered 200").first).to_be_visible()
        await desk.look("delivery")


async def test_a_token_is_made_and_revoked_by_keyboard(stage: Stage, desk: Desk) -> None:
    page = desk.page
    await page.goto("/tokens")
    await page.get_by_label("For", exact=True).focus()
    await page.keyboard.press("Tab")  # the first scope
    await page.keyboard.press("Space")  # not to send
    for _ in range(3):
        await page.keyboard.press("Tab")
    await page.keyboard.type("a screen")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Here is the new token")).to_be_visible()
    await desk.look("tokens")
    row = page.get_by_role("row").filter(has_text="a screen")
    await expect(row).to_contain_text("read, manage")
    await row.get_by_role("link", name="Revoke").press("Enter")
    await page.get_by_role("button", name="Revoke").press("Enter")
    await expect(page.get_by_role("row").filter(has_text="a screen")).to_have_count(0)


async def test_a_link_on_another_sites_page_finds_who_is_signed_in(stage: Stage, desk: Desk) -> None:
    page, path = desk.page, f"{stage.gateway.url}/instances/{stage.instance.id}/queue"
    # The same gateway by another name is another site.
    elsewhere = stage.gateway.url.replace("127.0.0.1", "localhost")
    await page.goto(f"{elsewhere}/sign-in")
    await page.evaluate("address => location.assign(address)", path)
    await expect(page.get_by_role("heading", name="Queue")).to_be_visible()
    # Nor does it go round and round for who is not.
    await desk.context.clear_cookies()
    await page.goto(f"{elsewhere}/sign-in")
    await page.evaluate("address => location.assign(address)", path)
    await expect(page).to_have_url(re.compile(r"127\.0\.0\.1.*/sign-in\?to="))


async def test_signing_out_leads_back_and_a_choice_of_dark_stays(stage: Stage, browser: Browser) -> None:
    async with Desk(stage, browser, SCREENS) as desk:
        page = desk.page
        await page.goto("/sign-in")
        await desk.look("sign-in")
        await page.get_by_label("Token").fill("1|nothing-of-the-kind")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("alert")).to_contain_text("No token reads like that")
        await desk.sign_in(stage.instance.token)
        await page.get_by_role("button", name="Switch between light and dark").click()
        await page.reload()
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        await page.goto(f"/instances/{stage.instance.id}")
        await expect(page).to_have_url(re.compile(r"/sign-in\?to=/instances/"))
