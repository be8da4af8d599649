"""The seed's program on the page: its numbers, its sentences, its growth."""

# ruff: noqa: RUF001 (a true minus and a multiplication sign are what the page shows)

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from web.browsing import Opened, drawn_nodes, settled_nodes, table, texts
from web.recorded import recorded_messages

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_seeds_numbers_stand_on_its_graph(panel: Opened):
    page = await panel.open(*recorded_messages())
    await settled_nodes(page)
    edges = await texts(page.locator(".graph .edge-text"))
    assert sorted(edges) == sorted(
        ["1 backward starts here", "−4 = 1 × −4", "−4 = −4 × 1", "4 = −4 × −1", "−4 = −4 × 1", "8 = 4 × 2"]
    )
    nodes = await drawn_nodes(page)
    assert "x, 3.0, .grad = 4.0, leaf · 8 − 4 added up" in nodes
    assert sum("freed" in node for node in nodes) == 2
    assert sorted(await texts(page.locator(".graph .hook-text"))) == ['hook f("y1"), ran 2nd', 'hook f("y2"), ran 1st']


async def test_the_table_tells_leaf_from_non_leaf_and_what_each_saw(panel: Opened):
    page = await panel.open(*recorded_messages())
    await settled_nodes(page)
    assert await table(page, "Tensors of this frame") == [
        ["x", "3.0", "leaf", "4.0", "8.0 − 4.0"],
        ["y1", "4.0", "not a leaf", "None", "−4.0"],
        ["y2", "6.0", "not a leaf", "None", "4.0"],
        ["loss", "4.0", "not a leaf", "None", "1.0"],
    ]


async def test_a_newcomer_first_reads_why_a_grad_is_none(panel: Opened):
    page = await panel.open(*recorded_messages())
    inspector = page.get_by_role("article")
    await expect(inspector.get_by_role("heading", level=3).first).to_have_text("Why is y1.grad None?")
    await expect(inspector).to_contain_text("y1 is not a leaf, so backward passes its gradient on to x")
    await expect(inspector).to_contain_text("To keep it, call y1.retain_grad() before loss.backward().")
    assert await texts(inspector.locator("table tbody tr")) == ['1 f("y2") y2 4.0 line 8', '2 f("y1") y1 −4.0 line 8']


async def test_the_note_tells_that_a_second_backward_would_raise(panel: Opened):
    page = await panel.open(*recorded_messages())
    note = page.get_by_role("complementary", name="What backward will do")
    await expect(note).to_contain_text("loss.backward() would raise")
    await expect(note).to_contain_text("retain_graph=True")


async def test_the_strip_is_the_code_that_ran(panel: Opened):
    page = await panel.open(*recorded_messages())
    await settled_nodes(page)
    stops = await texts(page.get_by_role("navigation", name="Stops").get_by_role("button"))
    assert [stop.split(" ")[0] for stop in stops[1:5]] == ["x", "y1", "y2", "loss"]
    assert stops[-1] == "loss.backward() 8 gradients flowed, 12 B freed"


async def test_the_graph_grows_with_each_stop_and_keys_walk_through_them(panel: Opened):
    page = await panel.open(*recorded_messages())
    sizes: list[int] = []
    for _ in range(7):
        await page.keyboard.press("[")
        sizes.append(len(await settled_nodes(page)))
    assert sizes == [5, 5, 5, 3, 2, 0, 0]
    await page.keyboard.press("]")
    await expect(page.locator(".where")).to_have_text(re.compile(r"looking back at line 13.*stop 2"))


async def test_what_flowed_later_stands_on_the_stop_before(panel: Opened):
    page = await panel.open(*recorded_messages())
    await page.keyboard.press("[")
    await expect(page.locator(".graph .edge-text", has_text=re.compile("8 *= 4 × 2"))).to_be_visible()
    await expect(page.locator(".where")).to_contain_text("looking back")
    rows = await table(page, "Tensors of this frame")
    assert rows[0] == ["x", "3.0", "leaf", "None", "8.0 − 4.0"]


async def test_the_source_and_the_tape_are_one_click_away(panel: Opened):
    page = await panel.open(*recorded_messages())
    await page.get_by_role("tab", name="Source").click()
    await expect(page.locator(".source li.next-line")).to_have_text(re.compile(r'19\s*print\("x_grad:", x.grad\)'))
    await page.get_by_role("tab", name="Tape").click()
    await expect(page.locator(".tape-row")).to_have_count(5)
    rows = await texts(page.get_by_role("grid", name=re.compile("^Tape")).get_by_role("row"))
    assert [row.split(" ")[0] for row in rows] == ["x", "AddBackward0", "MulBackward0", "SubBackward0", "PowBackward0"]
    assert rows[1].endswith("−4")
