"""Memory on the page: sums, bars by line and module, and names that keep old graphs, worded by the server."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.async_api import Page, expect

from report.tapes import NOTHING_KEPT, Tape, seed
from tapelens.wire.memory import DeviceMemory, Keeper, KeeperKind, KeptColumns
from web.browsing import CUT, POOR_CONTRAST, Opened, Scheme, texts
from web.recorded import open_session, tell

pytestmark = pytest.mark.asyncio(loop_scope="session")

MIB = 1024 * 1024
HOSTILE = "<img src=x onerror='window.broken = true'>" + "x" * 400


def keeper(path: str, size_bytes: int, *, kind: KeeperKind = "frame", tensors: int = 1, steps: int = 1) -> Keeper:
    return Keeper(
        path=path,
        first=f"{path}[0]" if tensors > 1 else path,
        last=f"{path}[{tensors - 1}]" if tensors > 1 else path,
        kind=kind,
        function="<module>",
        tensors=tensors,
        steps=steps,
        node=-1,
        nodes=7 * steps,
        size_bytes=size_bytes,
        at_least=False,
    )


def training(*keepers: Keeper, lines: int = 6) -> Tape:
    """A stop in the training of a model with some layers."""
    tape = seed()
    layers = range(lines - 1)
    sizes = [int(48 * MIB / 2**place) for place in range(lines)]
    tape.memory = replace(
        NOTHING_KEPT,
        parameters=int(14.5 * MIB),
        gradients=int(14.5 * MIB),
        optimizer=29 * MIB,
        buffers=MIB // 2,
        kept=sum(sizes),
        kept_by=KeptColumns(
            site=(*(tape.site(20 + place, "Block.forward", "/work/model.py") for place in layers), tape.site(4)),
            module=(*(tape.string(f"model.layers[{place}].attention") for place in layers), -1),
            nodes=tuple(range(12, 12 + lines)),
            storages=tuple(range(8, 8 + lines)),
            size_bytes=tuple(sizes),
        ),
        packed=3,
        devices=(DeviceMemory(device="cuda:0", allocated=310 * MIB, reserved=512 * MIB, peak=402 * MIB),),
        keepers=keepers,
    )
    return tape


LOSSES = keeper("losses", 40 * MIB, kind="container", tensors=312, steps=312)
TOTAL = keeper("self.total", 0, kind="object", steps=312)


async def shown(panel: Opened, tape: Tape, *, width: int = 1200, height: int = 800, scheme: Scheme = "light") -> Page:
    """The memory of the only stop."""
    open_session(panel.store)
    tell(panel.store, tape.snapshot())
    page = await panel.open(width=width, height=height, scheme=scheme)
    if width >= 480:
        await page.get_by_role("tab", name="Memory").click()
    await expect(page.get_by_role("region", name="Memory by purpose")).to_be_visible()
    return page


async def test_sums_and_lines_are_told_with_their_bytes(panel: Opened):
    page = await shown(panel, training(LOSSES))
    by_purpose = page.get_by_role("region", name="Memory by purpose").get_by_role("listitem")
    assert await texts(by_purpose) == [
        "kept for backward 94.5 MB",
        "parameters 14.5 MB",
        "gradients 14.5 MB",
        "optimizer state 29.0 MB",
        "buffers 512 KB",
        "in all, each storage once 153 MB",
    ]
    rows = page.get_by_role("table", name="Bytes kept for backward by line and module").locator("tbody tr")
    told = await texts(rows)
    assert told[0] == "model.py:20 model.layers[0].attention 48.0 MB"
    assert told[-1] == "line 4 1.5 MB"
    await expect(page.get_by_role("region", name="Memory of cuda:0")).to_contain_text("310 MB allocated")
    await expect(page.get_by_role("region", name="Kept for backward")).to_contain_text("3 saved tensors packed")


async def test_bars_are_as_long_as_the_bytes(panel: Opened):
    page = await shown(panel, training(lines=3))
    widths = await page.locator(".kept-bar span").evaluate_all("(bars) => bars.map((bar) => bar.offsetWidth)")
    assert widths[1] == pytest.approx(widths[0] / 2, abs=1)
    assert widths[2] == pytest.approx(widths[0] / 4, abs=1)


async def test_who_keeps_old_graphs_is_said_first_with_what_to_do(panel: Opened):
    page = await shown(panel, training(LOSSES, TOTAL))
    await expect(page.get_by_role("tab", name="Memory")).to_contain_text("2")
    kept = page.get_by_role("list", name="What keeps old graphs alive").get_by_role("listitem")
    await expect(kept).to_have_count(2)
    await expect(kept.nth(0)).to_contain_text("losses keeps the graphs of 312 tensors from earlier steps alive")
    await expect(kept.nth(0)).to_contain_text("Store .item() or .detach()")
    await expect(kept.nth(1)).to_contain_text("self.total reaches back through 312 earlier steps")


async def test_a_stop_without_tensors_says_that_there_is_nothing(panel: Opened):
    open_session(panel.store)
    tell(panel.store, seed().snapshot())
    page = await panel.open()
    await page.get_by_role("tab", name="Memory").click()
    await expect(page.get_by_text("No tensor within reach of this frame holds memory")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("width", "height"), [(290, 800), (479, 700), (700, 800), (1000, 300), (1200, 700), (2560, 1300)]
)
async def test_memory_can_be_read_at_every_size(panel: Opened, scheme: Scheme, width: int, height: int):
    hostile = keeper(HOSTILE, 3 * MIB)
    tape = training(LOSSES, TOTAL, hostile)
    tape.strings = [HOSTILE if text == "model.layers[1].attention" else text for text in tape.strings]
    page = await shown(panel, tape, width=width, height=height, scheme=scheme)
    assert await page.evaluate(CUT) == []
    assert await page.evaluate(POOR_CONTRAST) == []
    assert await page.evaluate("window.broken") is None
    assert await page.locator("#panel img").count() == 0
