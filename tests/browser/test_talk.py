"""Voice notes, conversations and the handset, as somebody with a browser and a microphone has them."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from tests.browser.conftest import SCREENS
from tests.browser.desk import Desk, faults

from waypost.sandbox.views import NewContact, Send
from waypost.testing.gateway_stage import CONTACT, Stage, until
from waypost.voice.verify import verify

pytestmark = pytest.mark.asyncio(loop_scope="package")

AUDIO = Path(__file__).parents[1] / "audio" / "greeting.mp3"
NEWCOMER, IDA, NOBODY, MANY = "447700900401", "447700900402", "447700900403", "447700900404"

# How many bars stand side by side in the middle of a drawing: what a phone draws.
BARS = """canvas => {
  const row = canvas.getContext("2d").getImageData(0, canvas.height / 2, canvas.width, 1).data;
  let bars = 0;
  for (let at = 3, left = 0; at < row.length; left = row[at], at += 4) bars += row[at] > 0 && left === 0;
  return bars;
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def talker(stage: Stage, browser: Browser) -> AsyncIterator[Desk]:
    """Somebody signed in with the admin token, for all of these; Ida tells nothing by herself."""
    await stage.control.add_contact(NewContact(f"+{IDA}", "Ida"))
    async with Desk(stage, browser, SCREENS) as here:
        await here.sign_in(stage.admin["Authorization"].removeprefix("Bearer "))
        yield here


async def record(page: Page) -> None:
    """Record until the microphone was heard, and wait for the note."""
    await page.get_by_role("button", name="Record").click()
    level = page.locator("[data-level]")
    await until(lambda: level.evaluate("one => one.value"), lambda found: found > 0.2)
    await expect(page.locator("[data-time]")).not_to_have_text("0:00")
    await page.get_by_role("button", name="Stop").click()
    await expect(page.get_by_text("This is what the recipient will get.")).to_be_visible()


async def test_a_newcomer_pairs_records_hears_sends_and_sees_it_played(stage: Stage, talker: Desk) -> None:
    page = talker.page
    made = await stage.create("newcomer", NEWCOMER)
    base = f"/instances/{made['id']}"
    await page.goto(f"{base}/handset")
    await talker.look("handset")
    await page.get_by_role("button", name="Scan the QR code with this phone").click()
    await expect(page.get_by_text("The instance is connected")).to_be_visible()
    await page.get_by_role("link", name="Voice note").click()
    await record(page)
    facts = page.locator("[data-facts]")
    await expect(facts).to_contain_text("Ogg Opus, mono, 16 kHz")
    await expect(facts).to_contain_text(re.compile(r"Loudness\s*-\d+(\.\d)? LUFS"))
    await expect(facts).to_contain_text("Converted here")
    await talker.look("voice-heard")
    note = page.get_by_role("button", name=re.compile("^Play: The note as it will be sent"))
    await note.click()
    await expect(page.locator("voice-note[playing]")).to_be_visible()
    heard = page.locator("[data-note] .progress")
    await until(lambda: heard.evaluate("one => one.clientWidth"), lambda found: found > 0)
    assert await page.locator("[data-note] .canvases canvas").evaluate(BARS) == 64
    await page.get_by_label("Number or chat").fill(f"+{CONTACT}")
    await page.get_by_label("Number or chat").press("Escape")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator("[data-stage=played].done")).to_be_visible()
    await expect(page.get_by_text("The recipient has listened to it.")).to_be_visible()
    await talker.look("voice-played")
    inbox = await stage.control.inbox(f"+{CONTACT}")
    (arrived,) = [one for one in inbox.messages if one.sender == f"+{NEWCOMER}"]
    verify(await stage.control.media(f"+{CONTACT}", arrived.seq))


async def test_a_note_that_failed_is_tried_again(stage: Stage, talker: Desk) -> None:
    page = talker.page
    await page.goto(f"/instances/{stage.instance.id}/voice")
    await page.locator("[data-file]").set_input_files(AUDIO)
    await expect(page.get_by_text("This is what the recipient will get.")).to_be_visible()
    await page.get_by_label("Number or chat").fill(f"+{NOBODY}")
    await page.get_by_label("Number or chat").press("Enter")
    await expect(page.get_by_text("is not on whatsapp")).to_be_visible()
    await expect(page.locator("[data-stage=preparing].failed")).to_be_visible()
    await stage.control.add_contact(NewContact(f"+{NOBODY}", "Somebody"))
    # Another one meanwhile: the page's one stream is that one's, and the first is followed all the same.
    await page.locator("[data-file]").set_input_files(AUDIO)
    await expect(page.get_by_text("This is what the recipient will get.")).to_be_visible()
    await page.get_by_label("Number or chat").fill(f"+{CONTACT}")
    await page.get_by_label("Number or chat").press("Enter")
    await expect(page.locator("[data-stage=delivered].done")).to_have_count(1)
    await page.get_by_role("button", name="Try again").click()
    await expect(page.locator("[data-stage=delivered].done")).to_have_count(2)


async def test_both_sides_are_played_and_each_sees_the_other_live(stage: Stage, talker: Desk) -> None:
    page = talker.page
    base = f"/instances/{stage.instance.id}"
    await page.goto(f"{base}/chats/{IDA}@c.us")
    await page.get_by_label("Text", exact=True).fill("Can you hear me?")
    await page.get_by_label("Text", exact=True).press("Enter")
    ours = page.locator(".bubble.mine", has_text="Can you hear me?")
    await expect(ours.locator(".ticks.delivered")).to_be_visible()
    phone = await talker.context.new_page()
    await phone.goto(f"{base}/handset/+{IDA}")
    await expect(phone.get_by_text("Can you hear me?")).to_be_visible()
    await phone.get_by_role("button", name=re.compile("^Tell that message")).click()
    await phone.get_by_label("Answer of Ida").fill("Yes, well")
    await phone.get_by_role("button", name="Send", exact=True).click()
    await expect(phone.locator(".bubble.mine", has_text="Yes, well")).to_be_visible()
    await phone.get_by_text("Answer by voice").click()
    await record(phone)
    await phone.get_by_role("button", name="Send the note").click()
    await expect(
        phone.locator(".bubble.mine voice-note, .bubble.mine", has_text="Voice note")
    ).to_be_visible()
    await expect(phone.get_by_text("UTC")).to_have_count(0)  # the reader's own clock, also of what came anew
    assert await faults(phone) == []
    await phone.screenshot(path=SCREENS / "contact-light.png", full_page=True)
    await phone.close()
    await page.bring_to_front()
    await expect(ours.locator(".ticks.read")).to_be_visible()
    await expect(page.locator(".bubble.theirs", has_text="Yes, well")).to_be_visible()
    theirs = page.locator(".bubble.theirs voice-note")
    await talker.look("chat")
    place = theirs.get_by_role("slider")
    await place.press("ArrowRight")
    await expect(place).to_have_attribute("aria-valuetext", re.compile("^1 of "))
    await place.press("Home")
    await expect(place).to_have_attribute("aria-valuetext", re.compile("^0 of "))
    await theirs.get_by_role("button", name=re.compile("^Play")).click()
    await expect(theirs).to_have_attribute("playing", "")
    await page.get_by_role("button", name=re.compile("^Reply to the text of Ida")).click()
    await page.get_by_label("Text", exact=True).fill("Good")
    await page.get_by_label("Text", exact=True).press("Enter")
    await expect(page.locator(".bubble.mine", has_text="Good").locator("blockquote")).to_have_text(
        re.compile("Yes, well")
    )


async def test_older_messages_come_as_one_scrolls_up_and_what_is_read_stays(
    stage: Stage, talker: Desk
) -> None:
    page = talker.page
    many = f"+{MANY}"
    await stage.control.add_contact(NewContact(many, "Many"))
    for number in range(60):
        await stage.control.send(many, Send(f"+{stage.instance.phone}", text=f"Line {number}"))
    chat = {"chatId": f"{MANY}@c.us", "limit": "100"}

    async def kept() -> int:
        path = f"{stage.instance.base}/chats/messages"
        found = await stage.http.get(path, params=chat, headers=stage.instance.headers)
        return len(found.json()["data"])

    await until(kept, lambda found: found == 60)
    await page.goto(f"/instances/{stage.instance.id}/chats/{MANY}@c.us")
    bubbles = page.locator(".bubble")
    await expect(bubbles).to_have_count(40)
    await page.locator("[data-scroll]").evaluate("one => { one.scrollTop = 0; }")
    await expect(bubbles).to_have_count(60)
    assert await page.locator("[data-scroll]").evaluate("one => one.scrollTop") > 500
    await expect(page.get_by_role("button", name="Older messages")).to_be_hidden()


async def test_a_page_that_is_not_secure_says_why_it_can_not_record(
    stage: Stage, browser: Browser, talker: Desk
) -> None:
    address = stage.gateway.url.replace("127.0.0.1", "waypost.test")
    why = "Browsers record only on https pages and on localhost."
    async with Desk(stage, browser, SCREENS) as desk:
        # The same sign-in under another name of the gateway.
        secret = next(one for one in await talker.context.cookies() if one["name"] == "waypost")
        await desk.context.add_cookies([{"name": "waypost", "value": secret["value"], "url": address}])
        page = desk.page
        await page.goto(f"{address}/instances/{stage.instance.id}/voice")
        await expect(page.get_by_text(why)).to_be_visible()
        await expect(page.get_by_role("button", name="Record")).to_be_disabled()
        await desk.look("voice-insecure")
        await page.locator("[data-file]").set_input_files(AUDIO)
        await expect(page.get_by_text("This is what the recipient will get.")).to_be_visible()
        # Chromium remarks that it keeps no such promise on pages like this one.
        assert all("Cross-Origin-Opener-Policy" in one for one in desk.complaints), desk.complaints
        desk.complaints.clear()


async def test_whoever_signs_out_has_no_conversations_any_more(stage: Stage, talker: Desk) -> None:
    page, chats = talker.page, f"/instances/{stage.instance.id}/chats"
    await page.goto(chats)
    await stage.control.send(f"+{IDA}", Send(f"+{stage.instance.phone}", text="Are you there?"))
    # Nobody reloads.
    await expect(page.get_by_role("link", name=re.compile("Ida.*Are you there"))).to_be_visible()
    await talker.look("chats")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    await page.go_back()
    await page.reload()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
