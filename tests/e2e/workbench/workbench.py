"""The workbench as a user's hands and eyes have it: keys, clicks, what stands on the screen."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import ConsoleMessage, Error, Frame, Page, expect

Value = TypeVar("Value")

DEADLINE_S = 30.0
SAME_LINE_PX = 8  # less than half a line's height
BREAKPOINT = ".codicon-debug-breakpoint, .codicon-debug-breakpoint-unverified, .codicon-debug-stackframe"

# Run in the page: numbers of the painted lines that hold an element, and the middle of a word in a line.
LINES_WITH = r"""([selector, close]) => {
  const top = (element) => element.getBoundingClientRect().top;
  const numbers = [...document.querySelectorAll(".margin-view-overlays .line-numbers")];
  return [...document.querySelectorAll(selector)].flatMap((mark) =>
    numbers.filter((number) => Math.abs(top(number) - top(mark)) < close).map((number) => +number.textContent),
  );
}"""
MIDDLE_OF_WORD = r"""([word, line, close]) => {
  const top = (element) => element.getBoundingClientRect().top;
  const numbers = [...document.querySelectorAll(".margin-view-overlays .line-numbers")];
  const number = numbers.find((each) => +each.textContent === line);
  for (const row of document.querySelectorAll(".monaco-editor .view-line")) {
    if (Math.abs(top(row) - top(number)) > close) continue;
    const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const at = walker.currentNode.data.search(new RegExp(`\\b${word}\\b`));
      if (at < 0) continue;
      const range = document.createRange();
      range.setStart(walker.currentNode, at);
      range.setEnd(walker.currentNode, at + word.length);
      const { left, top, width, height } = range.getBoundingClientRect();
      return [left + width / 2, top + height / 2];
    }
  }
  return null;
}"""


class Workbench:
    """One window on one folder. Lines count from 1.

    Args:
        open_file: Has the window show a file, as ``code FILE`` does; whether it could.
    """

    def __init__(
        self, page: Page, address: str, folder: Path, pictures: Path, *, open_file: Callable[[Path], bool]
    ) -> None:
        self.page = page
        self.folder = folder
        self._address = address
        self._pictures = pictures
        self._open = open_file
        self.complaints: list[str] = []
        self._settings_written = 0
        page.on("console", self._hear)

    # -- files -------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Open the folder in a fresh window."""
        self.page.goto(f"{self._address}/?folder={self.folder}")
        self.page.wait_for_selector(".monaco-workbench")
        self.page.wait_for_selector(".explorer-folders-view .monaco-list-row")

    def open_file(self, name: str) -> None:
        """Bring a file of the folder to the front."""
        self.wait_for(lambda: self._open(self.folder / name), f"the window to take {name}")
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
        self.wait_for_cursor(line)

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
        """The folder's settings, anew, until they hold; ``__`` in a name stands for a dot."""
        path = self.folder / ".vscode" / "settings.json"
        given = {name.replace("__", "."): value for name, value in settings.items()}
        self._settings_written += 1
        title = f"settings {self._settings_written}"

        def hold() -> bool:
            # Written again and again: the workbench may not watch its folder yet.
            path.write_text(json.dumps({**given, "window.title": title}), encoding="utf-8")
            self.page.wait_for_timeout(200)
            return self.page.title() == title

        self.wait_for(hold, "the settings to hold")

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
        if self._settings_written:
            self.write_settings()  # once these hold, the file beside them has been read too

    # -- debugging ---------------------------------------------------------------------------------------

    def set_breakpoint(self, line: int) -> None:
        """A breakpoint in the file in front; again until the debugger's extension is there to allow it."""

        def is_set() -> bool:
            if line not in self._lines_with(BREAKPOINT):
                self.go_to_line(line)
                self.page.keyboard.press("F9")
                self.page.wait_for_timeout(200)  # the glyph is painted in the next frames
            return line in self._lines_with(BREAKPOINT)

        self.wait_for(is_set, f"a breakpoint at line {line}")

    def remove_breakpoints(self) -> None:
        """None is left in any file."""
        self.run_command("Remove All Breakpoints")

    def start_debugging(self) -> None:
        """F5, with the folder's first launch configuration."""
        self.page.keyboard.press("F5")
        expect(self.page.locator(".debug-toolbar")).to_be_visible()

    def wait_until_stopped(self, line: int, *, deadline_s: float = DEADLINE_S) -> None:
        """The debugger stands at a line of the file in front, and the editor shows it."""

        self.wait_for(
            lambda: line in self._lines_with(".debug-top-stack-frame-line"),
            f"a stop at line {line}",
            deadline_s=deadline_s,
        )

    def step_over(self, *, to_line: int) -> None:
        """F10, and where it must come to stand."""
        self.page.keyboard.press("F10")
        self.wait_until_stopped(to_line)

    def start_another_session(self) -> None:
        """Start the file in front beside what runs already."""
        self.run_command("Debug: Start Debugging")
        self.page.get_by_role("button", name="Yes").click()

    def restart_debugging(self) -> None:
        """The debug toolbar's button."""
        self.page.keyboard.press("Control+Shift+F5")

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
        self.write_launch()
        self.close_editors()

    # -- what is shown -----------------------------------------------------------------------------------

    def panel(self, holds: str = "body") -> Frame:
        """The frame of the tapelens panel, once it shows an element."""

        return self.wait_for(lambda: self.panels(holds), f"the panel with {holds}")[0]

    def panels(self, holds: str) -> list[Frame]:
        """Every frame of a tapelens panel that shows an element now."""
        return [frame for frame in self.page.frames if _holds(frame, "#panel", holds)]

    def panel_text(self) -> str:
        """All that the panel says; of the drawn graph what a screen reader says."""
        return "\n".join((self.panel().locator("body").inner_text(), *self.nodes()))

    def panel_shows(self, text: str) -> None:
        """Wait until the panel says something."""

        def is_there() -> bool:
            try:
                return text in self.panel_text()
            except Error:  # its page was just replaced
                return False

        self.wait_for(is_there, f"{text!r} in the panel")

    def choose_view(self, name: str) -> None:
        """One of the panel's own tabs."""
        self.panel().get_by_role("tab", name=name, exact=True).click()

    def press_in_panel(self, button: str) -> None:
        """One of the panel's buttons, by its label."""
        self.panel().get_by_role("button", name=button).first.click()

    def wait_for_cursor(self, line: int) -> None:
        """The cursor of the editor in front has come to a line."""
        expect(self.page.locator(f'[aria-label^="Ln {line}, Col"]').first).to_be_visible()

    def nodes(self) -> list[str]:
        """What each node of the drawn graph is called, as a screen reader says it."""
        # All at one moment: asked for one by one, a node that has just gone is waited for.
        labels = "(nodes) => nodes.map((node) => String(node.getAttribute('aria-label')))"
        return self.panel().locator("[role=option]").evaluate_all(labels)

    def wait_for_nodes(self, *operations: str) -> None:
        """Wait until the graph has these operations, by their short names."""

        def are_there() -> bool:
            try:
                names = [label.rpartition(", ")[2] for label in self.nodes()]
            except Error:  # its page was just replaced
                return False
            return set(operations) <= set(names)

        self.wait_for(are_there, f"{', '.join(operations)} in the graph")

    def show_panel(self) -> None:
        """Bring the panel to the front by its command."""
        self.run_command("tapelens: Show the Autograd Graph")

    def stop_reason(self) -> str:
        """Why the debugger stands, as the call stack says."""
        self.page.keyboard.press("Control+Shift+D")
        return self.page.locator(".call-stack-state-message .label").first.inner_text()

    def problems(self) -> list[str]:
        """The rows of the Problems view, as they read; none while another view takes its place."""
        if not self.page.locator(".markers-panel").is_visible():
            self.run_command("Problems: Focus on Problems View")
        rows = self.page.locator(".markers-panel .monaco-list-row")
        return [" ".join(text.split()) for text in rows.all_inner_texts()]

    def debug_hover(self, word: str, *, line: int, shows: Sequence[str] = ()) -> None:
        """Open the debugger's own hover on a word of the file in front, until it shows these texts."""
        card = self.page.locator(".debug-hover-widget")

        def point_at_it() -> bool:
            """A pointer that comes before the editor has the stop opens no hover: point anew."""
            x, y = self._middle_of(word, line)
            self.page.mouse.move(x, 5)
            self.page.mouse.move(x, y, steps=3)
            with contextlib.suppress(AssertionError):
                expect(card).to_be_visible(timeout=2_000)
            return card.is_visible()

        self.wait_for(point_at_it, f"the debugger's hover over {word}")
        for text in shows:
            expect(card).to_contain_text(text, timeout=DEADLINE_S * 1000)

    def local_variables(self) -> list[str]:
        """The rows of the Variables view, as they read; the locals are opened first."""
        rows = self.page.locator(".monaco-list-row:has(.expression)")
        if rows.count() == 0:
            self.page.locator(".monaco-list-row", has_text=re.compile("^Locals$")).first.click()
        return [" ".join(text.split()) for text in rows.all_inner_texts()]

    def hover(self, word: str, *, line: int) -> str:
        """What the language hover (Alt held) says of a word of the file in front."""
        x, _ = self._middle_of(word, line)
        self.debug_hover(word, line=line)
        self.page.keyboard.down("Alt")  # from the debugger's hover to the language's
        card = self.page.locator(".monaco-hover:not(.hidden) .hover-contents").first
        expect(card).to_be_visible(timeout=DEADLINE_S * 1000)
        self.take_picture(f"hover-{word}")
        text = card.inner_text()
        self.page.keyboard.up("Alt")
        self.page.mouse.move(x, 5)
        return text

    def notifications(self) -> list[str]:
        """Messages in the corner."""
        return self.page.locator(".notifications-toasts .notification-list-item-message").all_inner_texts()

    def status(self) -> str:
        """The status bar's item of tapelens, and the tooltip that explains it."""
        item = self.page.locator('[id="tapelens.tapelens.tapelens.status"] [aria-label]').first
        return item.get_attribute("aria-label") or ""

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
        picture = self.take_picture("late-" + re.sub(r"\W+", "-", what)[:60])
        raise AssertionError(f"waited {deadline_s:g} s for {what}: see {picture}")

    def _hear(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.complaints.append(message.text)

    def _lines_with(self, selector: str) -> list[int]:
        """Numbers of the painted lines of the file in front that something stands in."""
        return self.page.evaluate(LINES_WITH, [selector, SAME_LINE_PX])

    def _middle_of(self, word: str, line: int) -> tuple[float, float]:
        """Where a word is painted."""
        place = self.page.evaluate(MIDDLE_OF_WORD, [word, line, SAME_LINE_PX])
        assert place, f"{word} is not in line {line}"
        return place[0], place[1]


def _holds(frame: Frame, *selectors: str) -> bool:
    try:
        return all(frame.locator(selector).count() for selector in selectors)
    except Error:  # a frame that is on its way out
        return False
