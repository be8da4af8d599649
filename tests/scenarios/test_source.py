"""Every scenario, in its source: the findings of the source twins are its marks."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.runner import HERE, expected, programs
from tapelens.rules.catalogue import RULES, source_twins
from tapelens.source import Project, SourceFile

HAVE_A_TWIN = {rule.slug for rule in RULES if rule.source is not None}


@pytest.mark.parametrize("program", programs(), ids=lambda path: str(path.relative_to(HERE)))
def test_findings_in_source_are_the_marks(program: Path):
    file = SourceFile.read(program, Project(program.parent))
    found = {(each.site.line, each.rule): each for twin in source_twins() for each in twin(file)}
    marks = tuple(mark for mark in expected(program, twin="source") if mark[1] in HAVE_A_TWIN)
    assert tuple(sorted(found)) == marks, [each.message for each in found.values()]
    for each in found.values():
        assert each.seen == "source"
        assert each.site.path == str(program)
        assert each.span is not None
        assert each.span.line == each.site.line
