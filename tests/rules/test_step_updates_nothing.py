"""The rule over events built by hand."""

from __future__ import annotations

from typing import Any

import pytest

from rules.events import STEP_LINE, detect
from rules.steps import Program
from tapelens.rules.step_updates_nothing.runtime import StepUpdatesNothing
from tapelens.wire.findings import Finding


def judged(program: Program) -> list[Finding]:
    return detect(StepUpdatesNothing(), program.events)


def train(steps: int, **fields: Any) -> Program:
    program = Program()
    given: dict[str, Any] = {"moved": False, "learning_rates": (1e-12,)}
    for _ in range(steps):
        program.backward().step(**(given | fields))
    return program


def test_ten_steps_that_change_nothing_are_flagged_at_the_tenth():
    (finding,) = judged(train(10))
    assert finding.site.line == STEP_LINE
    assert finding.message.startswith("10 steps of `optimizer` with a learning rate of 1e-12 and gradients that are")


def test_nine_are_not_while_the_program_runs():
    assert judged(train(9)) == []


@pytest.mark.parametrize(("steps", "raised", "said"), [(3, False, 1), (2, False, 0), (4, True, 0), (10, False, 1)])
def test_at_the_programs_end_three_are_enough(steps: int, *, raised: bool, said: int):
    assert len(judged(train(steps).finish(raised=raised))) == said


def test_one_step_that_moved_something_ends_it_for_good():
    program = train(2).backward().step(moved=True)
    for _ in range(20):
        program.backward().step(moved=False)
    assert judged(program.finish()) == []


@pytest.mark.parametrize("fields", [{"moved": None}, {"found_inf": True}, {"has_closure": True}])
def test_what_was_not_looked_at_an_overflow_and_a_closure_do_not_count(fields: dict[str, Any]):
    assert judged(train(12, **fields).finish()) == []


def test_a_step_and_the_base_classs_step_in_it_count_once():
    program = Program()
    for _ in range(5):
        program.backward().begin()
        program.begin(inside=program.running).end(moved=False).end(moved=False)
    assert judged(program) == []
