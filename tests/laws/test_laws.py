"""No program of the corpus is disturbed, with every tap in and a capture at each of its lines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from laws.corpus import Mark, marks
from laws.measure import Laboratory

MARKS = marks()
FAST = {name: mark for name, mark in MARKS.items() if not mark.slow}


@pytest.fixture(scope="module")
def laboratory() -> Iterator[Laboratory]:
    with Laboratory() as laboratory:
        yield laboratory


@pytest.mark.parametrize(("program", "mark"), FAST.items(), ids=FAST)
def test_a_program_is_the_same_with_the_probe_as_without(program: str, mark: Mark, laboratory: Laboratory):
    verdict = laboratory.examine(program, fresh=mark.fresh)
    if verdict.skipped is not None:
        pytest.skip(verdict.skipped)
    assert verdict.faults == []
    assert verdict.differences == [], "\n".join(map(str, verdict.differences))
    assert verdict.captures > 0
