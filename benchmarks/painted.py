"""From a stop to its picture: in a browser page, and in VS Code beside the editor's own mark of the line."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from playwright.async_api import async_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from rows import Row, median_ms
from stopped import stopped

from chromium import CHROMIUM_ARGUMENTS
from e2e.workbench import install
from e2e.workbench.window import opened_workbench, package_extension
from e2e.workbench.workbench import Workbench
from tapelens.store.sessions import SessionChanged, StopArrived
from tapelens.web.server import PanelServer

STEPS = 12
PAGE_TARGET_MS = 300
NODES = 64  # a graph that is drawn, not only listed

WATCH_PANEL = """() => {
  window.painted = [];
  let last = null;
  const look = () => {
    const stop = document.querySelector("[data-stop]")?.dataset.stop ?? null;
    if (stop !== last) {
      last = stop;
      requestAnimationFrame(() => window.painted.push(Date.now() / 1000));
    }
    requestAnimationFrame(look);
  };
  look();
}"""
WATCH_EDITOR = """() => {
  window.painted = [];
  let last = null;
  const look = () => {
    const mark = document.querySelector(".debug-top-stack-frame-line");
    const at = mark === null ? null : mark.getBoundingClientRect().top;
    if (at !== last) {
      last = at;
      if (at !== null) requestAnimationFrame(() => window.painted.push(Date.now() / 1000));
    }
    requestAnimationFrame(look);
  };
  look();
}"""

NEXT_PICTURE = """(before) => new Promise((resolve) => {
  const look = () => (painted.length > before ? resolve(painted.at(-1)) : setTimeout(look, 10));
  look();
})"""
"""When the next picture was painted; the page's policy allows no ``wait_for_function``."""

STEPPED = """\
import torch

w = torch.ones(8, requires_grad=True)
h = w
for _ in range({nodes}):
    h = h * w
loss = h.sum()
first = 1
{lines}
"""


async def in_browser() -> tuple[list[float], list[float]]:
    """Seconds from ``stopped`` in the server to the store and to the page."""
    stored: list[float] = []
    shown: list[float] = []
    async with stopped(NODES, armed=True) as (session, store, seen), async_playwright() as playwright:
        server = PanelServer(
            store,
            act=lambda _session, action: session.act(action),
            ask=lambda _session, command: session.ask_probe(command),
        )
        url = await server.start()
        browser = await playwright.chromium.launch(executable_path=install.browser_program(), args=CHROMIUM_ARGUMENTS)
        page = await browser.new_page(viewport={"width": 1400, "height": 900})
        await page.goto(url)
        await page.wait_for_selector("[data-stop]")
        await page.evaluate(WATCH_PANEL)
        try:
            for _ in range(STEPS):
                await page.wait_for_timeout(300)  # the page is at rest, as before a person's next step
                while not seen.empty():
                    seen.get_nowait()
                before = await page.evaluate("window.painted.length")
                await session.act("continue")
                begun = wall = 0.0
                while True:
                    at, change = await asyncio.wait_for(seen.get(), 30)
                    if isinstance(change, SessionChanged) and change.info.state == "stopped":
                        begun = at
                        wall = time.time() - (time.perf_counter() - at)
                    if isinstance(change, StopArrived):
                        stored.append(at - begun)
                        break
                shown.append(await page.evaluate(NEXT_PICTURE, before) - wall)
        finally:
            await browser.close()
            await server.close()
    return stored, shown


def in_workbench() -> tuple[list[float], list[float]]:
    """Seconds from F10 to the editor's mark at the new line, and to our panel's picture."""
    lines = "\n".join(f"step{number} = {number}" for number in range(STEPS + 3))
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "stepped.py"
        program.write_text(STEPPED.format(nodes=NODES, lines=lines), encoding="utf-8")
        with opened_workbench(package_extension(), [program]) as workbench:
            return _step_through(workbench, program.name, STEPPED.splitlines().index("first = 1") + 1)


def _step_through(workbench: Workbench, program: str, line: int) -> tuple[list[float], list[float]]:
    workbench.open_file(program)
    workbench.set_breakpoint(line)
    workbench.start_debugging()
    workbench.wait_until_stopped(line)
    workbench.wait_for_nodes("Sum")
    page, panel = workbench.page, workbench.panel("[data-stop]")
    page.evaluate(WATCH_EDITOR)
    panel.evaluate(WATCH_PANEL)
    editor: list[float] = []
    ours: list[float] = []
    for _ in range(STEPS):
        page.wait_for_timeout(700)  # a person looks, then steps
        before = [frame.evaluate("window.painted.length") for frame in (page.main_frame, panel)]
        begun = time.time()
        page.keyboard.press("F10")
        for frame, count, times in zip((page.main_frame, panel), before, (editor, ours), strict=True):
            times.append(frame.evaluate(NEXT_PICTURE, count) - begun)
    workbench.stop_debugging()
    return editor, ours


def measure() -> list[Row]:
    """Rows for docs/performance.md."""
    stored, shown = asyncio.run(in_browser())
    editor, ours = in_workbench()
    page_ms, store_ms = median_ms(shown), median_ms(stored)
    panel_ms, editor_ms = median_ms(ours), median_ms(editor)
    return [
        Row(
            what=f"stop to painted in a browser, {NODES} nodes drawn",
            ours=f"{page_ms:.0f} ms",
            peer=f"{store_ms:.1f} ms, the same stop in the server",
            ratio=page_ms / store_ms,
            target=f"≤ {PAGE_TARGET_MS} ms",
            met=page_ms <= PAGE_TARGET_MS,
        ),
        Row(
            what=f"F10 to painted in VS Code, {NODES} nodes drawn",
            ours=f"{panel_ms:.0f} ms",
            peer=f"{editor_ms:.0f} ms, VS Code's own mark at the line",
            ratio=panel_ms / editor_ms,
            target="at most twice VS Code's own",
            met=panel_ms <= 2 * editor_ms,
        ),
    ]
