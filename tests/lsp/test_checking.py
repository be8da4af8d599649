"""Findings in the source of documents as one types, and what can be done about them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from check.found import found as source_finding
from check.planted import RULE, marked, plant
from lsp.loopback import CAPABILITIES, Loopback, finding
from lsp.wire import served
from tapelens.check.comments import ignoring
from tapelens.check.fixes import applied
from tapelens.check.suppressions import read_suppressions
from tapelens.lsp.checking import PAUSE_S, Analysis, moved
from tapelens.source import SourceFile
from tapelens.wire.findings import Finding
from tapelens.wire.sites import Span

TEXT = "for x in data:\n    loss.backward()\n    optimizer.step()  # FAULT\n"
DEADLINE_S = 20


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    plant(monkeypatch)
    path = tmp_path / "train.py"
    path.write_text(TEXT, encoding="utf-8")
    return path


class Desk(Loopback):
    """A client that types, and waits until a document's marks are as it expects."""

    def __init__(self, **given: Any) -> None:
        self._news = asyncio.Event()
        super().__init__(**given)

    def write(self, data: bytes) -> None:
        super().write(data)
        self._news.set()

    async def news(self, is_there: Callable[[], bool]) -> None:
        """Wait until something is so that only a message can make so."""

        async def wait() -> None:
            while not is_there():
                self._news.clear()
                await self._news.wait()

        await asyncio.wait_for(wait(), DEADLINE_S)

    def type(self, uri: str, text: str) -> None:
        change = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": text}]}
        self.tell("textDocument/didChange", change)

    def close_document(self, uri: str) -> None:
        self.tell("textDocument/didClose", {"textDocument": {"uri": uri}})

    async def until(self, uri: str, *expected: tuple[str, int]) -> list[Any]:
        """``expected``: rules and lines from 1."""

        def is_so() -> bool:
            return [(each["code"], each["range"]["start"]["line"] + 1) for each in self.marks(uri)] == list(expected)

        try:
            await self.news(is_so)
        except asyncio.TimeoutError:
            raise AssertionError(f"the marks stay {self.marks(uri)}") from None
        return self.marks(uri)

    def actions(self, uri: str, line: int, **context: Any) -> list[Any]:
        where = {"line": line - 1, "character": 6}
        params = {"textDocument": {"uri": uri}, "range": {"start": where, "end": where}}
        return self.ask("textDocument/codeAction", {**params, "context": {"diagnostics": [], **context}})


async def test_an_opened_document_is_looked_at(path: Path):
    desk = Desk()
    uri = desk.open(path, TEXT)
    (mark,) = await desk.until(uri, (RULE, 3))
    assert mark["range"] == {"start": {"line": 2, "character": 4}, "end": {"line": 2, "character": 20}}
    assert mark["source"] == "tapelens"


async def test_it_is_looked_at_again_once_nobody_types(path: Path, monkeypatch: pytest.MonkeyPatch):
    looked: list[str] = []

    def noting(file: SourceFile) -> Iterator[Finding]:
        looked.append(file.text)
        yield from marked(file)

    plant(monkeypatch, noting)
    desk = Desk()
    uri = desk.open(path, TEXT)
    await desk.until(uri, (RULE, 3))
    for letters in ("a", "ab", "abc"):
        desk.type(uri, f"{letters} = 1\n{TEXT}")
    await desk.until(uri, (RULE, 4))
    assert len(looked) == 2
    assert looked[-1].startswith("abc")
    assert PAUSE_S < 1


async def test_a_half_typed_text_keeps_what_was_shown_moved_with_its_lines(path: Path):
    desk = Desk()
    uri = desk.open(path, TEXT)
    await desk.until(uri, (RULE, 3))
    desk.type(uri, f"def f(\n\n{TEXT}")
    await desk.until(uri, (RULE, 5))
    desk.type(uri, f"def f(): ...\n\n{TEXT.replace('FAULT', '')}")
    await desk.until(uri)


async def test_a_document_that_was_broken_from_the_start_says_nothing(path: Path):
    desk = Desk()
    broken = desk.open(path, "x = 1  # tapelens: ignore[zzz]\nfor x in\n")
    sound = desk.open(path.with_name("other.py"), TEXT)
    await desk.until(sound, (RULE, 3))
    assert desk.marks(broken) == []


async def test_closing_takes_back_what_the_source_showed_and_leaves_what_happened(path: Path):
    desk = Desk()
    desk.session()
    desk.send(finding(path, 2))
    uri = desk.open(path, TEXT)
    await desk.until(uri, (RULE, 2), (RULE, 3))
    desk.close_document(uri)
    await desk.until(uri, (RULE, 2))


async def test_what_happened_stands_in_place_of_what_the_source_shows(path: Path):
    desk = Desk()
    uri = desk.open(path, TEXT)
    await desk.until(uri, (RULE, 3))
    desk.session()
    desk.send(finding(path, 3, message="It did."))
    (mark,) = desk.marks(uri)
    assert mark["message"] == "It did."
    assert mark["range"]["end"]["character"] == 20  # the source knows the columns


async def test_a_comment_silences_both(path: Path):
    desk = Desk()
    uri = desk.open(path, TEXT)
    await desk.until(uri, (RULE, 3))
    desk.session()
    desk.send(finding(path, 3))
    desk.type(uri, TEXT.replace("FAULT", f"FAULT # tapelens: ignore[{RULE}]"))
    await desk.until(uri)


async def test_a_comment_that_names_no_rule_is_faded_and_can_be_taken_out(path: Path):
    published = {**CAPABILITIES["textDocument"]["publishDiagnostics"], "tagSupport": {"valueSet": [1]}}
    desk = Desk(capabilities={"textDocument": {"publishDiagnostics": published}})
    uri = desk.open(path, "x = 1  # tapelens: ignore[zzz]\n")
    (mark,) = await desk.until(uri, ("unused-ignore", 1))
    assert mark["tags"] == [1]
    where = {"start": {"line": 0, "character": 10}, "end": {"line": 0, "character": 10}}
    params = {"textDocument": {"uri": uri}, "range": where, "context": {"diagnostics": []}}
    removal = desk.ask("textDocument/codeAction", params)[0]
    assert removal["title"] == "Remove the comment"
    assert removal["edit"]["changes"][uri] == [
        {"range": {"start": {"line": 0, "character": 5}, "end": {"line": 0, "character": 30}}, "newText": ""}
    ]


async def test_the_rule_s_page_is_behind_its_name(path: Path):
    published = {"publishDiagnostics": {"codeDescriptionSupport": True}}
    desk = Desk(capabilities={"textDocument": published})
    uri = desk.open(path, TEXT)
    (mark,) = await desk.until(uri, (RULE, 3))
    assert mark["codeDescription"]["href"].startswith("file:///")
    assert mark["codeDescription"]["href"].endswith(f"/{RULE}.md")


async def test_a_project_s_settings_hold_and_what_is_wrong_with_them_is_said_once(path: Path):
    project = path.with_name("pyproject.toml")
    project.write_text(f'[tool.tapelens.severity]\n{RULE} = "error"\n', encoding="utf-8")
    desk = Desk()
    uri = desk.open(path, TEXT)
    (mark,) = await desk.until(uri, (RULE, 3))
    assert mark["severity"] == 1
    project.write_text('[tool.tapelens]\nexclude = ["train.py"]\n', encoding="utf-8")
    desk.type(uri, f"x = 1  # tapelens: ignore[zzz]\n{TEXT}")
    await desk.until(uri)
    project.write_text("[tool.tapelens]\nselekt = []\n", encoding="utf-8")
    for text in (f"\n{TEXT}", f"\n\n{TEXT}"):
        desk.type(uri, text)
        desk.tell("textDocument/didSave", {"textDocument": {"uri": uri}})
        await desk.news(lambda: bool(desk.notified("window/showMessage")))
    (message,) = desk.notified("window/showMessage")
    assert "selekt: there is no such setting: did you mean select?" in message["message"]


@pytest.mark.parametrize(
    ("uri", "language"),
    [("untitled:Untitled-1", "python"), ("vscode-notebook-cell:/a.ipynb#W0", "python"), (None, "markdown")],
)
async def test_only_python_files_are_looked_at(path: Path, uri: str | None, language: str):
    desk = Desk()
    other = uri or path.with_suffix(".md").as_uri()
    document = {"uri": other, "languageId": language, "version": 1, "text": TEXT}
    desk.tell("textDocument/didOpen", {"textDocument": document})
    sound = desk.open(path, TEXT)
    await desk.until(sound, (RULE, 3))
    assert desk.marks(other) == []


async def test_it_can_be_switched_off(path: Path):
    off = Desk(options={"lint": False})
    uri = off.open(path, TEXT)
    on = Desk()
    await on.until(on.open(path, TEXT), (RULE, 3))
    assert off.marks(uri) == []
    on.tell("workspace/didChangeConfiguration", {"settings": {"tapelens": {"lint": False}}})
    await on.until(uri)
    off.tell("workspace/didChangeConfiguration", {"settings": {"tapelens": {"lint": True}}})
    await off.until(uri, (RULE, 3))


# Code actions ---------------------------------------------------------------------------------------------------------


async def test_a_finding_can_be_ignored_and_explained(path: Path):
    desk = Desk()
    uri = desk.open(path, TEXT)
    (mark,) = await desk.until(uri, (RULE, 3))
    ignore, explain = desk.actions(uri, 3)
    assert ignore["title"] == f"Ignore {RULE} on this line"
    assert ignore["diagnostics"] == [mark]
    assert ignore["edit"]["changes"][uri] == [
        {
            "range": {"start": {"line": 2, "character": 29}, "end": {"line": 2, "character": 29}},
            "newText": f"  # tapelens: ignore[{RULE}]",
        }
    ]
    assert explain["command"] == {
        "title": f"Explain {RULE}",
        "command": "tapelens.explain",
        "arguments": [{"rule": RULE}],
    }
    assert desk.actions(uri, 1) == []
    assert desk.actions(uri, 3, only=["refactor"]) == []
    assert len(desk.actions(uri, 3, only=["quickfix"])) == 2


@pytest.mark.parametrize(
    ("text", "line", "after"),
    [
        ("x()\n", 1, "x()  # tapelens: ignore[r]\n"),
        ("x()   \n", 1, "x()  # tapelens: ignore[r]\n"),
        ("x()  # why\n", 1, "x()  # why  # tapelens: ignore[r]\n"),
        ("x()  # tapelens: ignore[q]  # why\n", 1, "x()  # tapelens: ignore[q, r]  # why\n"),
        ("x(\n    1,\n)\n", 1, "x(\n    1,\n)  # tapelens: ignore[r]\n"),
        ("x(\n    1,\n)\n", 2, "x(\n    1,\n)  # tapelens: ignore[r]\n"),
        ('x("""\n\n""")\ny()\n', 1, 'x("""\n\n""")  # tapelens: ignore[r]\ny()\n'),
        ("x = 1 + \\\n    2\ny()\n", 1, "x = 1 + \\\n    2  # tapelens: ignore[r]\ny()\n"),
        ("for a in b:\n    x()\n", 1, "for a in b:  # tapelens: ignore[r]\n    x()\n"),
        ("x()", 1, "x()  # tapelens: ignore[r]"),
        ("x()\ny = (\n", 1, "x()  # tapelens: ignore[r]\ny = (\n"),
    ],
)
def test_the_comment_goes_where_it_counts(text: str, line: int, after: str):
    told = source_finding("/a.py", line, rule="r")
    fix = ignoring(told, text, read_suppressions(text))
    assert fix is not None
    assert applied(text, [fix], path="/a.py")[0] == after
    assert [each.rules[-1] for each in read_suppressions(after) if each.covers(line)] == ["r"]


def test_a_line_that_is_not_there_gets_no_comment():
    assert ignoring(source_finding("/a.py", 9), "x()\n", ()) is None


# Text that moves ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("a b c d", "a b c d", {1: 1, 4: 4}),
        ("a b c d", "x a b c d", {1: 2, 4: 5}),
        ("a b c d", "a b x d", {1: 1, 3: None, 4: 4}),
        ("a b c d", "a d", {1: 1, 2: None, 3: None, 4: 2}),
        ("a a a", "a a", {1: 1, 2: 2, 3: None}),
        ("a b", "", {1: None, 2: None}),
        ("", "a", {}),
    ],
)
def test_findings_move_with_their_lines(before: str, after: str, lines: dict[int, int | None]):
    def at(line: int, path: str = "/a.py") -> Finding:
        return source_finding(path, line, span=Span(line=line, column=1, end_line=line, end_column=2))

    analysis = Analysis(before.split(), (*(at(line) for line in lines), at(7, "/b.py")))
    *here, elsewhere = moved(analysis, "/a.py", after.split()).findings
    assert [each.site.line for each in here] == [line for line in lines.values() if line is not None]
    assert all(each.span is not None and each.span.line == each.span.end_line == each.site.line for each in here)
    assert elsewhere.site.line == 7


# A workspace, and a client of its own process -------------------------------------------------------------------------


async def test_a_workspace_is_looked_through(path: Path, tmp_path: Path):
    (tmp_path / "sound.py").write_text("x = 1\n", encoding="utf-8")
    desk = Desk()
    uri = desk.open(path, TEXT)
    await desk.until(uri, (RULE, 3))
    other = tmp_path / "other.py"
    other.write_text(TEXT, encoding="utf-8")
    command = desk.server.protocol.commands["tapelens.lint"]
    answer = await command[1](command[0](paths=(str(tmp_path),)))
    assert answer == {"files": 3, "findings": 2}
    await desk.until(other.as_uri(), (RULE, 3))
    other.unlink()
    answer = await command[1](command[0](paths=(str(tmp_path),)))
    assert answer == {"files": 2, "findings": 1}
    await desk.until(other.as_uri())
    desk.type(uri, "x = 1\n")
    await desk.until(uri)


async def test_a_client_s_workspace_is_looked_through_with_progress(tmp_path: Path):
    useless = tmp_path / "useless.py"
    useless.write_text("x = 1  # tapelens: ignore[mising-zero-grad]\n", encoding="utf-8")
    async with served() as (client, _):
        await client.initialize(rootUri=tmp_path.as_uri(), capabilities={"window": {"workDoneProgress": True}})
        answer = await client.command("tapelens.lint")
        assert answer["result"] == {"files": 1, "findings": 1}
        told = await client.told("textDocument/publishDiagnostics", uri=useless.as_uri())
        assert told["diagnostics"][0]["code"] == "unused-ignore"
        refused = await client.command("tapelens.lint", paths=[str(tmp_path / "gone")])
        assert refused["error"]["message"].endswith("gone: there is no such file or folder.")
        document = {"uri": useless.as_uri(), "languageId": "python", "version": 1, "text": "x = 1\n"}
        client.send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        told = await client.told("textDocument/publishDiagnostics", uri=useless.as_uri())
        assert told["diagnostics"] == []


async def test_a_rule_s_page_is_shown(tmp_path: Path):
    async with served() as (client, _):
        capabilities = {"window": {"showDocument": {"support": True}}}
        await client.initialize(capabilities=capabilities)
        answer = await client.command("tapelens.explain", rule="double-backward")
        assert answer["result"]["rule"] == "double-backward"
        assert answer["result"]["text"].startswith("# double-backward\n")
        assert re.fullmatch(r"file:///.*/double-backward\.md", answer["result"]["uri"])
        refused = await client.command("tapelens.explain", rule="double-bakward")
        assert "did you mean double-backward?" in refused["error"]["message"]
