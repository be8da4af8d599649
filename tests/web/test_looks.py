"""At every size and in both schemes all can be seen and read."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from web.browsing import CUT, POOR_CONTRAST, Opened, Scheme
from web.recorded import FINDING, recorded_messages, tell

pytestmark = pytest.mark.asyncio(loop_scope="session")


SIZES = [(290, 800), (300, 300), (479, 700), (480, 700), (700, 800), (899, 600), (900, 600), (1000, 300), (1200, 700), (1400, 900), (2560, 1300)]  # fmt: skip  # noqa: E501


@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_nothing_reaches_over_the_edge(panel: Opened, width: int, height: int):
    page = await panel.open(*recorded_messages(), width=width, height=height)
    tell(panel.store, FINDING)
    await expect(page.locator(".finding")).to_have_count(1)
    assert await page.evaluate(CUT) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1400, 900), (300, 800), (1000, 300)])
async def test_every_text_can_be_read(panel: Opened, scheme: Scheme, width: int, height: int):
    page = await panel.open(*recorded_messages(), width=width, height=height, scheme=scheme)
    tell(panel.store, FINDING)
    await expect(page.locator(".finding")).to_have_count(1)
    assert await page.evaluate(POOR_CONTRAST) == []
