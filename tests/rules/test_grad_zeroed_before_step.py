"""The rule over events built by hand."""

from __future__ import annotations

from typing import Any

import pytest

from rules.events import detect, site
from rules.steps import CLEAR_LINE, Program
from tapelens.rules.grad_zeroed_before_step.runtime import GradZeroedBeforeStep
from tapelens.wire.findings import Finding


def judged(program: Program) -> list[Finding]:
    return detect(GradZeroedBeforeStep(), program.events)


def parts(program: Program, count: int, **fields: Any) -> Program:
    """Backwards of one line, each but the first after a clearing."""
    program.backward()
    for _ in range(count - 1):
        program.clear(**fields).backward()
    return program


def test_three_cycles_whose_gradients_are_all_cleared_are_flagged_at_the_clearing():
    program = Program()
    for _ in range(3):
        program.backward().clear().step()
    (finding,) = judged(program)
    assert finding.site.line == CLEAR_LINE
    assert "of the backward at line 10 before `optimizer` has used them" in finding.message
    assert [related.site.line for related in finding.related] == [10, 11]


def test_two_cycles_are_not():
    assert judged(Program().backward().clear().step().backward().clear().step()) == []


def test_a_step_that_uses_gradients_begins_the_count_anew():
    program = Program().backward().clear().step().backward().clear().step().backward().step()
    assert judged(program.backward().clear().step()) == []


def test_zeros_are_as_good_as_none():
    program = Program()
    for _ in range(3):
        program.backward().clear().step(gradients="zero")
    assert len(judged(program)) == 1


@pytest.mark.parametrize("fields", [{"finite": False}, {"elsewhere": True}, {"read": False}, {"holders": (2,)}])
def test_bad_batches_others_gradients_and_what_was_not_read_are_silent(fields: dict[str, Any]):
    program = Program()
    for _ in range(5):
        program.backward().clear(**fields).step()
    assert judged(program) == []


def test_what_another_optimizers_step_used_may_be_cleared():
    program = Program()
    for _ in range(5):
        program.backward().step(optimizer=2).clear().step()
    assert judged(program) == []


def test_a_closure_may_clear():
    program = Program()
    for _ in range(5):
        program.begin(has_closure=True, gradients="none").clear().backward().end()
        program.backward()
    assert judged(program) == []


def test_all_but_the_last_of_four_cleared_is_flagged_in_the_third_cycle():
    program = Program()
    for _ in range(3):
        parts(program, 4).step()
    (finding,) = judged(program)
    assert finding.site.line == CLEAR_LINE
    assert finding.message.startswith("Of 4 backwards before each step of `optimizer` this clears")


@pytest.mark.parametrize(("cycles", "said"), [(7, 0), (8, 1)])
def test_of_two_backwards_it_takes_eight_cycles(cycles: int, said: int):
    program = Program()
    for _ in range(cycles):
        parts(program, 2).step()
    assert len(judged(program)) == said


def test_at_the_programs_end_two_cycles_of_two_are_enough_if_there_were_no_others():
    program = parts(parts(Program(), 2).step(), 2).step()
    assert len(judged(program.finish())) == 1
    other = Program().backward().step().clear().backward().step().clear()
    assert judged(parts(parts(other, 2).step(), 2).step().finish()) == []


def test_counts_that_change_are_silent():
    program = Program()
    for count in (2, 3, 4, 3, 5):
        parts(program, count).step()
    assert judged(program.finish()) == []


def test_clips_may_come_before_the_step():
    program = Program()
    for _ in range(3):
        parts(program, 3).clip().step()
    assert len(judged(program)) == 1


def test_gradients_written_by_hand_before_the_step_are_what_it_uses():
    program = Program()
    for _ in range(5):
        parts(program, 3).write().step()
    assert judged(program.finish()) == []


def test_parameters_that_moved_between_the_backwards_make_it_right():
    program = Program()
    for _ in range(5):
        program.backward().clear().move().backward().clear().backward().step()
    assert judged(program.finish()) == []


def test_backwards_of_different_lines_are_silent():
    program = Program()
    for _ in range(9):
        program.backward(line=30).clear().backward().step()
    assert judged(program.finish()) == []


def test_one_line_in_a_helper_that_two_places_call_is_two():
    program = Program()
    for _ in range(9):
        program.backward(innermost=site(40)).clear().backward(innermost=site(41)).step()
    assert judged(program.finish()) == []


def test_a_last_loss_that_holds_the_graphs_of_those_before_is_silent():
    program = Program()
    for _ in range(5):
        parts(program, 2)
        program.clear().backward(reuses=frozenset({program.last_call})).step()
    assert judged(program.finish()) == []


def test_where_the_graphs_before_were_kept_and_the_last_one_was_not_looked_at_it_may_hold_them():
    program = Program()
    for _ in range(5):
        program.backward(retain_graph=True).clear().backward(retain_graph=True).clear()
        program.backward(walked=False).step()
    assert judged(program.finish()) == []
