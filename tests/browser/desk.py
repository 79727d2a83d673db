"""Somebody at the dashboard in a browser: what they do, and what is looked at meanwhile."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize

from waypost.testing.gateway_stage import Stage

WIDE: Final[ViewportSize] = {"width": 1100, "height": 800}
PHONE: Final[ViewportSize] = {"width": 390, "height": 780}
_WITHIN_MS: Final = 20_000
# Its faults of these kinds keep people out.
_GRAVE: Final = frozenset({"serious", "critical"})
_RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Desk:
    """A window with cookies of its own. When it ends, nothing may have been refused by the pages' policy or
    failed in their scripts.
    """

    context: BrowserContext
    page: Page

    def __init__(self, stage: Stage, browser: Browser, screens: Path) -> None:
        """`screens`: where pictures are kept."""
        self._url = stage.gateway.url
        self._browser = browser
        self._screens = screens
        self.complaints: list[str] = []

    async def __aenter__(self) -> "Desk":
        """Open the window."""
        self.context = await self._browser.new_context(
            base_url=self._url,
            viewport=WIDE,
            color_scheme="light",
            permissions=["microphone"],
            locale="en-GB",
        )
        self.context.set_default_timeout(_WITHIN_MS)
        self.page = await self.context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self.context.close()
        if kind is None:
            assert self.complaints == []

    def _hear(self, message: ConsoleMessage) -> None:
        # What a server answers with an error is told there as well; tests look at the page for that.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    async def sign_in(self, token: str) -> None:
        """Type the token into the sign-in page."""
        await self.page.goto("/sign-in")
        await self.page.get_by_label("Token").fill(token)
        await self.page.get_by_role("button", name="Sign in").click()
        await self.page.get_by_role("button", name="Sign out").wait_for()

    async def look(self, name: str) -> None:
        """Keep the page as it is now in light, in dark and on a phone, and see that nobody is kept out."""
        self._screens.mkdir(parents=True, exist_ok=True)
        for looks, size in (("light", WIDE), ("dark", WIDE), ("phone", PHONE)):
            scheme: Literal["light", "dark"] = "dark" if looks == "dark" else "light"
            await self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            await self.page.set_viewport_size(size)
            await self.page.screenshot(path=self._screens / f"{name}-{looks}.png", full_page=True)
            # What has the same structure differs in its contrasts alone.
            rules = [] if looks == "light" else ["color-contrast"]
            if looks != "phone":
                found = await faults(self.page, rules)
                assert not found, (name, looks, found)
            wider = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            assert not await self.page.evaluate(wider), f"{name}, {looks}: it scrolls sideways"
        await self.page.emulate_media(color_scheme="light")
        await self.page.set_viewport_size(WIDE)


async def faults(page: Page, rules: Sequence[str] = ()) -> Sequence[str]:
    """What axe-core finds on a page that keeps people from using it, by these rules or all."""
    if not await page.evaluate("'axe' in window"):
        # Not by a tag: the pages' policy takes no script that is not the gateway's.
        await page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text())
    chosen = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": _RULES}
    options = {"runOnly": chosen, "resultTypes": ["violations"]}
    found: dict[str, Any] = await page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{one['impact']} {one['id']}: {one['help']}: {node['html']}: {node.get('failureSummary')}"
        for one in found["violations"]
        if one["impact"] in _GRAVE
        for node in one["nodes"]
    ]
