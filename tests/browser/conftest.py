"""A gateway, a sandbox and Debian's Chromium, for all tests of this folder."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect
from tests.browser.desk import Desk

from waypost.testing.gateway_stage import Stage, gateway_stage

_ROOT = Path(__file__).parents[2]
_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
# Chromium's microphone: a person who says a sentence, again and again.
_VOICE = _ROOT / "tests" / "audio" / "greeting.wav"
_FLAGS = (
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    f"--use-file-for-fake-audio-capture={_VOICE}",
    "--autoplay-policy=no-user-gesture-required",
    # A name that is not this machine's own: pages there are not secure ones.
    "--host-resolver-rules=MAP waypost.test 127.0.0.1",
)
# Machines that run tests are shared.
_WITHIN_MS = 20_000
SCREENS = _ROOT / ".test-data" / "screens"


@pytest.fixture(scope="package")
def chromium() -> str:
    """Where Chromium is. CI must have it: there its absence is a failure."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        words = "Chromium was not found: the dashboard was not tested in a browser (apt install chromium)."
        if os.environ.get("BROWSER_REQUIRED"):
            pytest.fail(words)
        pytest.skip(words)
    return found


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def stage(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """One gateway, one sandbox and one paired instance."""
    folder = tmp_path_factory.mktemp("stage")
    async with gateway_stage(folder, fetch_allow=["127.0.0.1"], webhook_allow=["127.0.0.1"]) as here:
        yield here


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """One Chromium."""
    # Who is root (in a container) has no sandbox of Chromium's own.
    flags = [*_FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    expect.set_options(timeout=_WITHIN_MS)
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=chromium, args=flags)
        yield started
        await started.close()


@pytest_asyncio.fixture(loop_scope="package")
async def desk(stage: Stage, browser: Browser) -> AsyncIterator[Desk]:
    """Somebody signed in with the admin token, in a window of their own."""
    async with Desk(stage, browser, SCREENS) as here:
        await here.sign_in(stage.admin["Authorization"].removeprefix("Bearer "))
        yield here
