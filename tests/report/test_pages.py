"""Every rule's page: complete, the same everywhere, and fresh in docs/rules."""

from __future__ import annotations

import ast
import re

import pytest

from tapelens.cli import main
from tapelens.report import pages
from tapelens.report.pages import DOCS, generated, page_file, page_markdown
from tapelens.rules.catalogue import RULES
from tapelens.rules.model import Rule, Threshold

HEADINGS = [
    "What it flags",
    "Why it matters",
    "Seen at run time",
    "Seen in the source",
    "What it cannot know",
    "Example",
    "Use instead",
    "Source",
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.slug)
def test_every_page_has_every_heading_and_code_that_parses(rule: Rule):
    text = page_markdown(rule)
    assert [each for each in re.findall(r"^## (.+)$", text, re.MULTILINE) if each in HEADINGS] == HEADINGS
    assert "``" not in text.replace("```", "")
    examples = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(examples) >= 2
    if not rule.runtime and not rule.source:
        return  # the keepers of the house show broken code and commands
    for example in examples:
        ast.parse(example)


def test_docs_rules_is_fresh():
    there = {path.name: path.read_text(encoding="utf-8") for path in DOCS.glob("*.md")}
    stale = sorted(name for name in there.keys() | generated().keys() if there.get(name) != generated().get(name))
    assert not stale, "run `make generate`"


def test_the_command_line_prints_the_same_text(capsys: pytest.CaptureFixture[str]):
    assert main(["rules", "missing-zero-grad"]) == 0
    file = page_file("missing-zero-grad")
    assert file is not None
    assert capsys.readouterr().out == file.read_text(encoding="utf-8")


def test_a_page_of_no_rule_is_not_there():
    assert page_file("no-such-rule") is None


def test_thresholds_stand_on_the_page_by_the_names_that_settings_take(monkeypatch: pytest.MonkeyPatch):
    rule = Rule(
        slug="missing-zero-grad",
        severity="warning",
        summary="",
        thresholds=(Threshold(name="calls", default=5, meaning="calls before it speaks"),),
    )
    text = page_markdown(rule)
    assert "`[tool.tapelens.thresholds.missing-zero-grad]`:\n\n- `calls` (default 5): calls before it speaks" in text


def test_lists_and_blocks_within_a_heading_stay(monkeypatch: pytest.MonkeyPatch):
    told = "One.\n\nWhat it flags: first.\n\n- a ``b``\n- c\n\nWrite::\n\n    if x:\n        y()\n\n"
    told += "Source: https://a.b (Yes.)"
    monkeypatch.setattr(pages, "page", lambda _: told)
    text = page_markdown(RULES[0])
    assert "## What it flags\n\nFirst.\n\n- a `b`\n- c\n\n" in text
    assert text.endswith("## Source\n\nhttps://a.b (Yes.)\n")
