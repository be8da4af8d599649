"""Pictures of the page, kept as build output for a person to look at; the README shows one of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from web.browsing import Opened, Scheme
from web.recorded import recorded_messages

pytestmark = pytest.mark.asyncio(loop_scope="session")

PICTURES = Path(__file__).parents[2] / "build" / "pictures" / "page"


@pytest.mark.parametrize(("width", "height"), [(1200, 700), (300, 800), (1000, 300)])
async def test_light_and_dark_are_two_pictures_of_one_page(panel: Opened, width: int, height: int):
    PICTURES.mkdir(parents=True, exist_ok=True)
    seen: dict[Scheme, bytes] = {}
    schemes: tuple[Scheme, ...] = ("light", "dark")
    for scheme in schemes:
        page = await panel.open(*recorded_messages(), width=width, height=height, scheme=scheme)
        await page.wait_for_selector(".panel[data-stop]")
        path = PICTURES / f"{width}x{height}-{scheme}.png"
        seen[scheme] = await page.screenshot(path=path)
    assert seen["light"] != seen["dark"]
