"""A source twin made for tests: it speaks of each line whose comment holds the word FAULT."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import pytest

from check.found import found
from tapelens.check import look, unused
from tapelens.rules.catalogue import RULES
from tapelens.source import SourceFile
from tapelens.wire.findings import Finding
from tapelens.wire.sites import Span

Twin = Callable[[SourceFile], Iterator[Finding]]
RULE = "missing-zero-grad"


def marked(file: SourceFile) -> Iterator[Finding]:
    for number, line in enumerate(file.lines, 1):
        if "FAULT" in line:
            code = line.partition("#")[0].rstrip()
            first = len(code) - len(code.lstrip())
            span = Span(line=number, column=first + 1, end_line=number, end_column=len(code) + 1)
            yield found(file.path, number, span=span, function=file.function_at(number))


def plant(monkeypatch: pytest.MonkeyPatch, twin: Twin = marked, *, rule: str = RULE) -> None:
    """Let the twin speak for a rule, and no other."""
    rules = tuple(
        dataclasses.replace(each, source="planted" if each.slug == rule else None, fix=None) for each in RULES
    )
    monkeypatch.setattr(look, "RULES", rules)
    monkeypatch.setattr(unused, "RULES", rules)
    monkeypatch.setattr(look, "source_twins", lambda _: [twin])
