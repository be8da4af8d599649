"""The rule over events built by hand."""

from __future__ import annotations

from typing import Any

from rules.events import STEP_LINE, detect
from rules.steps import Program
from tapelens.rules.step_without_backward.runtime import StepWithoutBackward
from tapelens.wire.findings import Finding


def judged(program: Program) -> list[Finding]:
    return detect(StepWithoutBackward(), program.events)


def repeat(program: Program, times: int, **fields: Any) -> Program:
    for _ in range(times):
        program.step(**fields)
    return program


def test_three_steps_running_on_used_gradients_are_flagged_at_the_third():
    (finding,) = judged(repeat(Program().backward().step(), 3, stale=True))
    assert finding.site.line == STEP_LINE
    assert "that step 1 had used already, as 3 steps running have" in finding.message


def test_two_are_not():
    assert judged(repeat(Program().backward().step(), 2, stale=True)) == []


def test_a_backward_in_between_begins_the_count_anew():
    program = repeat(Program().backward().step(), 2, stale=True).backward().step()
    assert judged(repeat(program, 2, stale=True)) == []


def test_three_steps_without_any_gradient_ever_are_flagged():
    (finding,) = judged(repeat(Program(), 3))
    assert "no backward has run: 3 steps running changed nothing" in finding.message


def test_every_further_step_is_told_again_for_the_collector_to_count():
    assert len(judged(repeat(Program(), 5))) == 3


def test_gradients_that_were_there_once_and_are_cleared_are_silent():
    assert judged(repeat(Program(), 5, had_gradients=True)) == []


def test_backwards_that_miss_these_parameters_are_another_matter():
    program = Program()
    for _ in range(5):
        program.backward(reaches=()).step()
    assert judged(program) == []


def test_gradients_that_were_written_in_between_are_not_stale():
    assert judged(repeat(Program().backward().step(), 5, stale=False)) == []


def test_a_step_whose_values_were_not_read_neither_counts_nor_ends_the_row():
    program = repeat(Program().backward().step(), 2, stale=True)
    program.step(stale=None)
    assert judged(program) == []
    assert len(judged(program.step(stale=True))) == 1


def test_a_closures_backward_is_new():
    program = Program().backward().step()
    for _ in range(4):
        program.begin(stale=True, has_closure=True).backward().end()
    assert judged(program) == []


def test_of_a_step_inside_a_step_the_inner_is_judged_and_the_outer_line_named():
    program = Program()
    for _ in range(3):
        program.begin(line=20)
        program.begin(line=21, inside=program.running).end(line=21).end(line=20)
    (finding,) = judged(program)
    assert finding.site.line == 20


def test_an_inner_step_of_another_optimizer_stands_for_itself():
    program = Program()
    for _ in range(3):
        program.begin(line=20, optimizer=2, stale=True)
        program.backward().begin(line=21, inside=program.running).end(line=21).end(line=20, optimizer=2)
    assert judged(program) == []


def test_two_optimizers_are_counted_apart():
    program = Program()
    program.step(optimizer=1).step(optimizer=2).step(optimizer=1).step(optimizer=2)
    assert judged(program) == []
