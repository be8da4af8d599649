"""The workbench as a user's hands and eyes have it: keys, clicks, what stands on the screen."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import ConsoleMessage, Error, Frame, Locator, Page, expect

Value = TypeVar("Value")

DEADLINE_S = 30.0
BREAKPOINT = ".codicon-debug-breakpoint, .codicon-debug-breakpoint-unverified, .codicon-debug-stackframe"


class Workbench:
    """One window on one folder. Lines count from 1."""

    def __init__(self, page: Page, address: str, folder: Path, pictures: Path) -> None:
        self.page = page
        self.folder = folder
        self._address = address
        self._pictures = pictures
        self.complaints: list[str] = []
        page.on("console", self._hear)

    # -- files -------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Open the folder in a fresh window."""
        self.page.goto(f"{self._address}/?folder={self.folder}")
        self.page.wait_for_selector(".monaco-workbench", timeout=DEADLINE_S * 1000)
        self.page.wait_for_selector(".explorer-folders-view .monaco-list-row", timeout=DEADLINE_S * 1000)

    def open_file(self, name: str) -> None:
        """Bring a file of the folder to the front, in a tab of its own."""
        tab = self.page.locator(f'.tab[data-resource-name="{name}"]')
        if tab.count() == 0:
            self.page.keyboard.press("Control+Shift+E")
            self.page.get_by_role("treeitem", name=name, exact=True).dblclick()
        else:
            tab.first.click()
        expect(self.page.locator(f'.tab.active[data-resource-name="{name}"]')).to_be_visible()
        expect(self.page.locator(".monaco-editor .view-line").first).to_be_visible()

    def close_editors(self) -> None:
        """No file is open; none is asked to be saved."""
        self.run_command("View: Close All Editors")
        expect(self.page.locator(".tab")).to_have_count(0)

    def go_to_line(self, line: int) -> None:
        """Put the cursor there."""
        self.page.keyboard.press("Control+G")
        box = self.page.locator(".quick-input-widget input")
        expect(box).to_be_visible()
        box.fill(f":{line}")
        self.page.keyboard.press("Enter")
        expect(self.page.locator(f'[aria-label*="Ln {line}, Col"]').first).to_be_visible()

    def run_command(self, title: str) -> None:
        """Run a command by its title as the palette shows it."""
        self.page.keyboard.press("F1")
        box = self.page.locator(".quick-input-widget input")
        expect(box).to_be_visible()
        box.fill(f">{title}")
        shown = re.compile(rf"{re.escape(title)}(, |$)")  # a keybinding may follow
        entry = self.page.get_by_role("option", name=shown).first
        expect(entry).to_be_visible()
        entry.click()
        expect(self.page.locator(".quick-input-widget")).to_be_hidden()

    def write_settings(self, **settings: Any) -> None:
        """The folder's settings, anew; ``__`` in a name stands for a dot."""
        path = self.folder / ".vscode" / "settings.json"
        given = {name.replace("__", "."): value for name, value in settings.items()}
        path.write_text(json.dumps(given), encoding="utf-8")

    def write_launch(self, **more: Any) -> None:
        """The folder's launch.json: as the Python Debugger makes it, with some keys more."""
        configuration = {
            "name": "Python Debugger: Current File",
            "type": "debugpy",
            "request": "launch",
            "program": "${file}",
            "console": "integratedTerminal",
        }
        launch = {"version": "0.2.0", "configurations": [{**configuration, **more}]}
        path = self.folder / ".vscode" / "launch.json"
        path.write_text(json.dumps(launch, indent=4), encoding="utf-8")

    # -- debugging ---------------------------------------------------------------------------------------

    def set_breakpoint(self, line: int) -> None:
        """A breakpoint in the file in front; again until the debugger's extension is there to allow it."""

        def is_set() -> bool:
            if self._glyph(line).count() == 0:
                self.go_to_line(line)
                self.page.keyboard.press("F9")
                self.page.wait_for_timeout(200)  # the glyph is painted in the next frames
            return self._glyph(line).count() > 0

        self.wait_for(is_set, f"a breakpoint at line {line}")

    def remove_breakpoints(self) -> None:
        """None is left in any file."""
        self.run_command("Remove All Breakpoints")

    def start_debugging(self) -> None:
        """F5, with the folder's first launch configuration."""
        self.page.keyboard.press("F5")

    def wait_until_stopped(self, line: int, *, deadline_s: float = DEADLINE_S) -> None:
        """The debugger stands at a line, and the editor shows it."""
        frame = self.page.locator(".debug-call-stack .stack-frame .line-number").first
        expect(frame).to_have_text(f"{line}:1", timeout=deadline_s * 1000)
        expect(self.page.locator(".debug-top-stack-frame-line").first).to_be_visible()

    def step_over(self, *, to_line: int) -> None:
        """F10, and where it must come to stand."""
        self.page.keyboard.press("F10")
        self.wait_until_stopped(to_line)

    def start_another_session(self) -> None:
        """Start the file in front beside what runs already."""
        self.run_command("Debug: Start Debugging")
        self.page.get_by_role("button", name="Yes").click()

    def continue_running(self) -> None:
        """F5 at a stop."""
        self.page.keyboard.press("F5")

    def stop_debugging(self) -> None:
        """End every session."""
        toolbar = self.page.locator(".debug-toolbar")
        while toolbar.is_visible():
            self.page.keyboard.press("Shift+F5")
            self.page.wait_for_timeout(300)  # the toolbar goes, or shows the next session

    def wait_until_ended(self) -> None:
        """No session runs."""
        expect(self.page.locator(".debug-toolbar")).to_be_hidden(timeout=DEADLINE_S * 1000)

    def reset(self) -> None:
        """As after loading: nothing runs, no breakpoint, no setting, no file is open."""
        self.page.keyboard.press("Escape")
        self.page.mouse.move(700, 5)
        self.stop_debugging()
        self.remove_breakpoints()
        self.write_settings()
        self.write_launch()
        self.close_editors()

    # -- what is shown -----------------------------------------------------------------------------------

    def panel(self, holds: str = "body") -> Frame:
        """The frame of the tapelens panel, once it shows an element."""

        def find() -> Frame | None:
            return next((frame for frame in self.page.frames if _holds(frame, "#panel", holds)), None)

        return self.wait_for(find, f"the panel with {holds}")

    def panel_text(self) -> str:
        """All that the panel says."""
        return self.panel().locator("body").inner_text()

    def panel_shows(self, text: str) -> None:
        """Wait until the panel says something."""

        def is_there() -> bool:
            try:
                return text in self.panel_text()
            except Error:  # its page was just replaced
                return False

        self.wait_for(is_there, f"{text!r} in the panel")

    def show_panel(self) -> None:
        """Bring the panel to the front by its command."""
        self.run_command("tapelens: Show the Autograd Graph")

    def stop_reason(self) -> str:
        """Why the debugger stands, as the call stack says."""
        return (
            self.page.locator(".debug-call-stack").locator("xpath=ancestor::*[contains(@class,'pane')][1]").inner_text()
        )

    def problems(self) -> list[str]:
        """The rows of the Problems view, as they read."""
        self.page.keyboard.press("Control+Shift+M")
        rows = self.page.locator(".markers-panel .monaco-list-row")
        if not self.page.locator(".markers-panel").is_visible():
            self.page.keyboard.press("Control+Shift+M")
            expect(self.page.locator(".markers-panel")).to_be_visible()
        return [" ".join(text.split()) for text in rows.all_inner_texts()]

    def hover(self, word: str, *, line: int) -> str:
        """What the language hover (Alt held) says of a word of the file in front."""
        self.go_to_line(line)
        x, y = self._middle_of(word, line)
        self.page.mouse.move(x, y + 200)
        self.page.keyboard.down("Alt")
        try:
            self.page.mouse.move(x - 1, y)
            self.page.mouse.move(x, y)
            card = self.page.locator(".monaco-hover:not(.hidden) .hover-contents").first
            expect(card).to_be_visible(timeout=DEADLINE_S * 1000)
            return self.page.locator(".monaco-hover:not(.hidden)").first.inner_text()
        finally:
            self.page.keyboard.up("Alt")

    def notifications(self) -> list[str]:
        """Messages in the corner."""
        return self.page.locator(".notifications-toasts .notification-list-item-message").all_inner_texts()

    def status(self) -> str:
        """The status bar's item of tapelens."""
        return self.page.locator('[id="tapelens.tapelens.tapelens.status"]').inner_text()

    def take_picture(self, name: str) -> Path:
        """A picture of the whole window."""
        self._pictures.mkdir(parents=True, exist_ok=True)
        path = self._pictures / f"{name}.png"
        self.page.screenshot(path=path)
        return path

    def wait_for(self, ask: Callable[[], Value | None], what: str, *, deadline_s: float = DEADLINE_S) -> Value:
        """The first true answer; the page goes on meanwhile.

        Raises:
            AssertionError: None came in time; a picture shows what stood there instead.
        """
        deadline = time.monotonic() + deadline_s
        while time.monotonic() < deadline:
            if answer := ask():
                return answer
            self.page.wait_for_timeout(50)
        picture = self.take_picture("late")
        raise AssertionError(f"waited {deadline_s:g} s for {what}: see {picture}")

    def _hear(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text and "tapelens" in message.text:
            self.complaints.append(message.text)

    def _line(self, line: int) -> Locator:
        """The painted line's number, in the margin of the editor in front."""
        return self.page.locator(".margin-view-overlays .line-numbers").get_by_text(str(line), exact=True)

    def _glyph(self, line: int) -> Locator:
        box = self._line(line).first.bounding_box()
        top = box["y"] if box else -1
        found = self.page.locator(BREAKPOINT)
        for index in range(found.count()):
            place = found.nth(index).bounding_box()
            if place and abs(place["y"] - top) < 8:
                return found.nth(index)
        return self.page.locator(".no-such-glyph")

    def _middle_of(self, word: str, line: int) -> tuple[float, float]:
        """Where a word is painted."""
        box = self._line(line).first.bounding_box()
        assert box, f"line {line} is not on the screen"
        place = self.page.evaluate(
            """([word, top]) => {
              for (const line of document.querySelectorAll(".monaco-editor .view-line")) {
                if (Math.abs(line.getBoundingClientRect().top - top) > 8) continue;
                const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
                while (walker.nextNode()) {
                  const at = walker.currentNode.data.search(new RegExp(`\\\\b${word}\\\\b`));
                  if (at < 0) continue;
                  const range = document.createRange();
                  range.setStart(walker.currentNode, at);
                  range.setEnd(walker.currentNode, at + word.length);
                  const { left, top, width, height } = range.getBoundingClientRect();
                  return [left + width / 2, top + height / 2];
                }
              }
              return null;
            }""",
            [word, box["y"]],
        )
        assert place, f"{word} is not in line {line}"
        return place[0], place[1]


def _holds(frame: Frame, *selectors: str) -> bool:
    try:
        return all(frame.locator(selector).count() for selector in selectors)
    except Error:  # a frame that is on its way out
        return False
