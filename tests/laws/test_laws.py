"""No program of the corpus is disturbed, with every tap in and a capture at each of its lines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from laws.corpus import Mark, marks
from laws.guest import SABOTAGE
from laws.measure import Laboratory

MARKS = marks()
FAST = {name: mark for name, mark in MARKS.items() if not mark.slow}

# Each of these fails under one of them, and under nothing else.
NOTICED_BY = {
    "draws a random number": "training:perceptron_with_dropout",
    "keeps what it saw": "training:several_losses_share_a_graph",
    "asks views for their nodes": "in_place:views_after_their_base_changed",
    "makes a node": "training:several_losses_share_a_graph",
    "warns": "training:perceptron_with_dropout",
    "prints": "training:perceptron_with_dropout",
}


@pytest.fixture(scope="module")
def laboratory() -> Iterator[Laboratory]:
    with Laboratory() as laboratory:
        yield laboratory


@pytest.mark.parametrize(("program", "mark"), FAST.items(), ids=FAST)
def test_a_program_is_the_same_with_the_probe_as_without(program: str, mark: Mark, laboratory: Laboratory):
    verdict = laboratory.examine(program, mark)
    if verdict.skipped is not None:
        pytest.skip(verdict.skipped)
    assert verdict.faults == []
    assert verdict.differences == [], "\n".join(map(str, verdict.differences))
    assert verdict.captures > 0


@pytest.mark.parametrize("sabotage", SABOTAGE)
def test_a_probe_that_disturbs_is_noticed(sabotage: str, laboratory: Laboratory):
    program = NOTICED_BY[sabotage]
    assert laboratory.examine(program, MARKS[program], sabotage=sabotage).differences != []
