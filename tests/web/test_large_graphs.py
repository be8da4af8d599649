"""Graphs and histories of any size leave the page usable."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.async_api import expect

from report.tapes import Tape, seed, seed_gradients
from tapelens.wire.snapshot import LeftOut
from web.browsing import CUT, Opened, settled_nodes
from web.recorded import SESSION, open_session, tell

pytestmark = pytest.mark.asyncio(loop_scope="session")


def transformer(blocks: int, nodes_of_block: int) -> Tape:
    """A tape as long as a transformer's, with its modules and what it keeps."""
    tape = Tape()
    weight = tape.tensor("model.weight", requires_grad=1, shape=(256, 256), backward_effect="new")
    last = tape.node("AccumulateGrad", leaf=weight, shape=(256, 256))
    for block in range(blocks):
        residual = last
        for place in range(nodes_of_block):
            kept = {"state": "alive", "saved_bytes": 4096 * (1 + place % 7)} if place % 3 else {}
            nexts = (last, residual) if place == nodes_of_block - 1 else (last,)
            name = "AddBackward0" if len(nexts) == 2 else "AddmmBackward0"
            last = tape.node(name, *nexts, shape=(256, 256), module=f"encoder.{block}", **kept)
    loss = tape.tensor("loss", grad_fn=last, backward_effect="dropped")
    tape.foresee(loss, nodes_freed=10, bytes_freed=10)
    return tape


async def test_a_graph_too_large_to_draw_says_so_and_leads_to_the_tape(panel: Opened):
    open_session(panel.store)
    panel.store.update(SESSION, state="stopped")
    tell(panel.store, transformer(12, 467).snapshot())
    page = await panel.open()
    await expect(page.locator(".blank")).to_contain_text("5,605 nodes are too many to draw")
    await page.get_by_role("button", name="Show the tape").click()
    rows = page.locator(".tape-row")
    assert 10 < await rows.count() < 80  # only what is in sight is in the page
    tape = page.get_by_role("grid", name=re.compile("^Tape"))
    assert await tape.get_attribute("aria-rowcount") == "5618"
    await tape.focus()
    await page.keyboard.press("Home")
    await expect(page.locator(".tape-row.selected")).to_contain_text("model.weight")
    await page.keyboard.press("End")
    await expect(page.locator(".tape-row.selected")).to_contain_text("loss")
    assert await rows.count() < 80


async def test_the_newest_of_a_million_nodes_are_walked_at_once_and_the_others_are_counted(panel: Opened):
    open_session(panel.store)
    panel.store.update(SESSION, state="stopped")
    snapshot = transformer(40, 500).snapshot()
    shown = len(snapshot.nodes.key)
    left = LeftOut(what="nodes", count=1_000_000 - shown, at_least=False, why="older ones")
    more = LeftOut(what="saved", count=1234, at_least=True, why="no time")
    tell(panel.store, replace(snapshot, left_out=(left, more)))
    page = await panel.open()
    await expect(page.locator("span.left-out")).to_have_text(
        f"{shown:,} of 1,000,000 nodes; left out: at least 1,234 saved"
    )
    await page.get_by_role("button", name="Show the tape").click()
    await page.get_by_role("grid", name=re.compile("^Tape")).focus()
    await page.keyboard.press("End")
    await expect(page.locator(".tape-row.selected")).to_contain_text("loss")
    assert await page.locator(".tape-row").count() < 80


async def test_modules_of_the_tape_fold(panel: Opened):
    open_session(panel.store)
    panel.store.update(SESSION, state="stopped")
    tell(panel.store, transformer(2, 5).snapshot())
    page = await panel.open()
    await page.get_by_role("tab", name="Tape").click()
    await expect(page.locator(".tape-row")).to_have_count(3 + 11)
    await page.locator(".tape-row.group", has_text="encoder.0").click()
    await expect(page.locator(".tape-row")).to_have_count(3 + 6)
    await expect(page.locator(".tape-row.group", has_text="encoder.0")).to_contain_text("5 nodes")


async def test_a_graph_of_the_drawn_bound_is_drawn(panel: Opened):
    open_session(panel.store)
    panel.store.update(SESSION, state="stopped")
    tell(panel.store, transformer(3, 49).snapshot())
    page = await panel.open()
    assert len(await settled_nodes(page)) == 148


async def test_many_stops_become_bars(panel: Opened):
    open_session(panel.store)
    panel.store.update(SESSION, state="stopped")
    for stop in range(1, 121):
        tell(panel.store, seed().snapshot(stop=stop))
        tell(panel.store, seed_gradients(stop=stop))
    page = await panel.open()
    await expect(page.locator(".bars-label")).to_have_text("stop 120 of 120")
    await page.keyboard.press("[")
    await expect(page.locator(".bars-label")).to_have_text("stop 119 of 120")
    assert await page.evaluate(CUT) == []
