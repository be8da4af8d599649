"""What the debuggee says is text, whatever it holds."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.async_api import expect

from report.tapes import HERE
from tapelens.wire.panel import PanelStop
from tapelens.wire.processes import Uncaught
from web.browsing import CUT, Opened, settled_nodes, table
from web.recorded import FINDING, SESSION, last_stop, open_session, recorded_messages, renamed, tell

pytestmark = pytest.mark.asyncio(loop_scope="session")


HOSTILE = {
    "y1": "<script>window.broken = true</script><img src=x onerror='window.broken = true'>",
    "y2": "\"quoted\" & 'quoted' &lt;b&gt; `${1}`",
    "loss": "\u202eright-to-left \u05d0\u05d1\u05d2 \u0001",
    "x": "x" * 10_000,
    "AddBackward0": "</title></svg><script>window.broken = true</script>",
    'f("y1")': "<b onmouseover=alert(1)>hook</b>",
}


@pytest.mark.parametrize(("width", "height"), [(1200, 700), (300, 800), (1000, 300)])
async def test_names_are_text_whatever_they_hold(panel: Opened, width: int, height: int):
    messages = [
        renamed(message, HOSTILE) if isinstance(message, PanelStop) else message for message in recorded_messages()
    ]
    page = await panel.open(*messages, width=width, height=height)
    tell(panel.store, replace(FINDING, rule="<i>rule</i>", message="<script>window.broken = true</script>" * 40))
    tell(panel.store, Uncaught(kind="uncaught", type_name="<b>E</b>", message="<hr>" * 4_000, site=HERE, stop=8))
    await settled_nodes(page)
    assert await page.evaluate("window.broken") is None
    assert await page.locator("#panel script, #panel img, #panel b, #panel i, #panel hr").count() == 0
    assert await page.evaluate(CUT) == []
    await expect(page.locator(".finding strong")).to_have_text("<i>rule</i>")
    await expect(page.get_by_role("complementary", name="Uncaught exception")).to_contain_text("<hr><hr>")


async def test_hostile_names_are_shown_letter_by_letter(panel: Opened):
    open_session(panel.store)
    page = await panel.open(replace(renamed(last_stop(), HOSTILE), session=SESSION), width=1400, height=900)
    rows = await table(page, "Tensors of this frame")
    assert [row[0] for row in rows[1:3]] == [HOSTILE["y1"], HOSTILE["y2"]]
    await page.get_by_role("row", name=re.compile("right-to-left")).click()
    await expect(page.locator(".inspector-title")).to_contain_text("right-to-left")
