"""A page in a real browser, fed from a store that the test fills."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal

from playwright.async_api import Browser, ConsoleMessage, Error, Locator, Page, Response

from tapelens.errors import SessionError
from tapelens.sessions.interface import Action
from tapelens.store.sessions import Store
from tapelens.web.server import PanelServer
from tapelens.wire import VERSION
from tapelens.wire.commands import Command
from tapelens.wire.envelope import Batch, ProbeMessage
from tapelens.wire.panel import ToPanel
from web.recorded import PROCESS, file_messages

DEADLINE_MS = 10_000

Scheme = Literal["light", "dark"]

CUT = """() => {
  const inScroller = (element) => element.closest(".graph-scroll, .bars-row, .virtual, .source") !== null;
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const box = element.getBoundingClientRect();
    const outside = box.right > innerWidth + 1 || box.left < -1;
    if (box.width > 0 && box.height > 0 && outside && !inScroller(element)) {
      found.push(`${element.tagName} ${element.getAttribute("class")} ${box.left}..${box.right}`);
    }
  }
  if (document.documentElement.scrollWidth > innerWidth) found.push("the page scrolls sideways");
  return found;
}"""
"""Elements that reach over the page's edge, outside of what scrolls by itself."""

POOR_CONTRAST = """() => {
  const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (css) => {
    paint.clearRect(0, 0, 1, 1); paint.fillStyle = "#000"; paint.fillStyle = css; paint.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = paint.getImageData(0, 0, 1, 1).data;
    return { channels: [red, green, blue], alpha: alpha / 255 };
  };
  const luminance = (values) => {
    const [red, green, blue] = values.map((value) => {
      const share = value / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = (element) => {
    const node = element.closest("g.node");
    if (node !== null) return rgb(getComputedStyle(node.querySelector(".box")).fill).channels;
    for (let at = element; at !== null; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.alpha > 0.9) return colour.channels;
    }
    return [255, 255, 255];
  };
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (walker.currentNode.data.trim() === "" || element.closest("title, noscript, script, option") !== null) continue;
    if (element.getBoundingClientRect().width === 0) continue;
    const style = getComputedStyle(element);
    const ink = rgb(element.closest("svg") === null ? style.color : style.fill).channels;
    const [high, low] = [luminance(ink), luminance(ground(element))].sort((one, other) => other - one);
    const ratio = (high + 0.05) / (low + 0.05);
    const words = walker.currentNode.data.slice(0, 20);
    if (ratio < 4.5) found.add(`${element.getAttribute("class")} "${words}" ${ratio.toFixed(2)}`);
  }
  return [...found];
}"""
"""Texts with less than 4.5 to 1 against what they stand on."""


class Opened:
    """A browser page, the store behind it, and what it complained of."""

    def __init__(self, browser: Browser) -> None:
        self.store = Store()
        self.done: list[tuple[str, Action]] = []
        self.complaints: list[str] = []
        self.fails = ""
        self.asked: list[Command] = []
        self.answer: ProbeMessage | None = None
        self._browser = browser
        self._pages: list[Page] = []
        self._server = PanelServer(self.store, act=self._act, ask=self._ask)
        self.address = ""

    async def _act(self, session: str, action: Action) -> None:
        if self.fails:
            raise SessionError(self.fails)
        self.done.append((session, action))

    async def _ask(self, _session: str, command: Command) -> Batch:
        self.asked.append(command)
        if self.answer is None:
            raise SessionError(self.fails or "Nothing answers here.")
        return Batch(kind="batch", wire=VERSION, process=PROCESS, messages=(self.answer,))

    async def serve(self, port: int = 0) -> None:
        self.address = await self._server.start(port)

    async def stop_serving(self) -> None:
        await asyncio.wait_for(self._server.close(), DEADLINE_MS / 1000)

    async def serve_again(self) -> None:
        """As a server that was restarted on the same port with the same token."""
        await self._server.start(int(self.address.split(":")[2].split("/")[0]))

    async def open(
        self, *messages: ToPanel, width: int = 1200, height: int = 700, scheme: Scheme = "light", inject: str = ""
    ) -> Page:
        """A page that shows what the messages tell."""
        file_messages(self.store, list(messages))
        context = await self._browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
        )
        context.set_default_timeout(DEADLINE_MS)
        page = await context.new_page()
        self._pages.append(page)
        if inject:
            await page.add_init_script(inject)
        page.on("console", self._hear)
        page.on("pageerror", self._fault)
        page.on("response", self._answered)
        await page.goto(self.address)
        await page.wait_for_function(CONNECTED, arg=self._newest_stop())
        return page

    def _newest_stop(self) -> str | None:
        stops = [self.store.stops(info.session) for info in self.store.sessions()]
        if not stops or not stops[-1]:
            return None
        newest = stops[-1][-1].snapshot
        return f"{newest.stop}/{newest.thread}/{newest.depth}"

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text}")

    def _fault(self, error: Error) -> None:
        self.complaints.append(f"fault: {error}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status} for {response.url}")

    async def close(self) -> None:
        for page in self._pages:
            await page.context.close()
        await self.stop_serving()


@asynccontextmanager
async def opened(browser: Browser) -> AsyncGenerator[Opened, None]:
    page = Opened(browser)
    await page.serve()
    try:
        yield page
    finally:
        await page.close()


CONNECTED = """(newest) => {
  const main = document.querySelector(".panel main");
  if (newest !== null) return document.querySelector(".panel").dataset.stop === newest;
  return main !== null && !main.textContent.includes("Connecting");
}"""
SETTLED = """() => {
  const shown = document.querySelector(".panel").dataset.stop;
  const canvas = document.querySelector(".canvas");
  if (shown === undefined) return false;
  return canvas === null ? document.querySelector(".column .blank") !== null : canvas.dataset.stop === shown;
}"""
SHOWN_TEXT = """(elements) => elements.map((element) => {
  const words = element instanceof SVGElement
    ? [...element.childNodes].map((part) => part.textContent).join(" ")
    : element.innerText;
  return words.trim().split(/\\s+/).join(" ");
})"""


async def texts(found: Locator) -> list[str]:
    """Their texts, white space evened out."""
    return await found.evaluate_all(SHOWN_TEXT)


async def table(page: Page, name: str) -> list[list[str]]:
    """A table's body by its label, cell by cell."""
    rows = page.get_by_role("grid", name=name).locator("tbody tr")
    return [await texts(rows.nth(place).locator("td")) for place in range(await rows.count())]


async def drawn_nodes(page: Page) -> list[str]:
    """What a screen reader says of each node."""
    nodes = page.locator("g.node[role=option]")
    return [str(await nodes.nth(place).get_attribute("aria-label")) for place in range(await nodes.count())]


async def settled_nodes(page: Page) -> list[str]:
    """What is drawn, once the drawing is that of the stop shown."""
    await page.wait_for_function(SETTLED)
    return await drawn_nodes(page)
