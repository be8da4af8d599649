"""The rule over events built by hand."""

from __future__ import annotations

from dataclasses import replace

from rules.events import STEP_LINE, detect
from rules.steps import WEIGHT, Program
from tapelens.events import StepEnded
from tapelens.rules.frozen_but_updated.runtime import FrozenButUpdated


def test_a_frozen_parameter_with_an_old_gradient_is_flagged_at_the_step_that_changed_it():
    (finding,) = detect(FrozenButUpdated(), Program().backward().step(frozen=(WEIGHT,)).events)
    assert finding.site.line == STEP_LINE
    assert "`a parameter` has requires_grad=False, and step 1 of `optimizer` changed it" in finding.message
    assert "it still holds an old gradient" in finding.message


def test_one_whose_gradient_is_zero_was_moved_by_something_else():
    (finding,) = detect(FrozenButUpdated(), Program().step(frozen=(WEIGHT, 7)).events)
    assert "`a parameter` and 1 more have requires_grad=False" in finding.message
    assert "momentum or weight decay" in finding.message


def test_a_step_that_changed_none_is_silent():
    assert detect(FrozenButUpdated(), Program().backward().step().events) == []


def test_a_step_and_the_base_classs_step_in_it_are_one():
    program = Program().backward().begin()
    program.begin(inside=program.running)
    events = [
        each for each in program.end(frozen=(WEIGHT,)).end(frozen=(WEIGHT,)).events if isinstance(each, StepEnded)
    ]
    same = [replace(each, ordinal=1) for each in events]
    assert len(detect(FrozenButUpdated(), same)) == 1
