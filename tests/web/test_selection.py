"""One selection lights all views, and outlives a reload."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.async_api import expect

from web.browsing import Opened, settled_nodes, table
from web.recorded import last_stop, recorded_messages, tell

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_one_selection_lights_table_graph_and_inspector(panel: Opened):
    page = await panel.open(*recorded_messages())
    await page.get_by_role("row", name=re.compile("^y2")).click()
    await expect(page.locator("g.node.selected")).to_have_attribute("aria-label", re.compile("^y2,"))
    await expect(page.locator(".inspector-title")).to_have_text("y2")
    await page.locator("g.node", has_text="SubBackward0").click()
    await expect(page.locator(".inspector-title")).to_have_text("SubBackward0")
    await expect(page.get_by_role("row", name=re.compile("^y2"))).to_have_attribute("aria-selected", "false")
    await page.keyboard.press("Escape")
    await expect(page.locator(".inspector-title")).to_have_text("y1")


async def test_what_the_mouse_is_over_is_lit_on_the_other_side(panel: Opened):
    page = await panel.open(*recorded_messages())
    await settled_nodes(page)
    await page.locator("g.node", has_text="MulBackward0").hover()
    await expect(page.get_by_role("row", name=re.compile("^y2"))).to_have_class("hovered")
    await page.get_by_role("row", name=re.compile("^x")).hover()
    await expect(page.locator("g.node.hovered")).to_have_attribute("aria-label", re.compile("^x,"))


async def test_arrows_walk_the_table_and_the_graphs_edges(panel: Opened):
    page = await panel.open(*recorded_messages())
    await page.get_by_role("grid", name="Tensors of this frame").focus()
    await page.keyboard.press("ArrowDown")
    await expect(page.locator(".inspector-title")).to_have_text("y2")
    await page.keyboard.press("Home")
    await expect(page.locator(".inspector-title")).to_have_text("x")
    await page.get_by_role("listbox", name=re.compile("graph")).focus()
    await page.keyboard.press("ArrowUp")
    await expect(page.locator(".inspector-title")).to_have_text(re.compile("^y[12]$"))
    await page.keyboard.press("ArrowUp")
    await expect(page.locator(".inspector-title")).to_have_text("SubBackward0")


async def test_the_selection_outlives_a_reload(panel: Opened):
    page = await panel.open(*recorded_messages())
    await page.get_by_role("row", name=re.compile("^loss")).click()
    await expect(page.locator(".inspector-title")).to_have_text("loss")
    await page.reload()
    await expect(page.locator(".inspector-title")).to_have_text("loss")


async def test_a_reloaded_page_and_a_second_one_get_the_whole_state(panel: Opened):
    first = await panel.open(*recorded_messages())
    await first.reload()
    second = await panel.open()
    for page in (first, second):
        assert len(await settled_nodes(page)) == 5
        assert len(await table(page, "Tensors of this frame")) == 4
    tell(panel.store, replace(last_stop().snapshot, stop=9))
    for page in (first, second):
        await expect(page.get_by_role("navigation", name="Stops").locator("[aria-current]")).to_have_attribute(
            "aria-label", re.compile("^Stop 9")
        )
