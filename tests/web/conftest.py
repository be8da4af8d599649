"""One Chromium for the page's tests, and a page of its own for each."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from chromium import CHROMIUM_ARGUMENTS
from web.browsing import Opened, opened


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncGenerator[Browser, None]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.fail("The page's tests need Chromium: install the package `chromium`.")
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        yield launched
        await launched.close()


@pytest_asyncio.fixture(loop_scope="session")
async def panel(browser: Browser) -> AsyncGenerator[Opened, None]:
    """A page on an empty store; at the end it must have had no error and no breach of its policy."""
    async with opened(browser) as page:
        yield page
        assert page.complaints == []
