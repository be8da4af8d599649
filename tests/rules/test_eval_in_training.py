"""The rule over events built by hand."""

from __future__ import annotations

from rules.calls import EVAL_LINE, NET, Calls
from rules.events import BACKWARD_LINE, STEP_LINE, detect
from tapelens.events import Look
from tapelens.rules.eval_in_training.runtime import EvalInTraining


def lines(calls: Calls) -> list[int]:
    return [finding.site.line for finding in detect(EvalInTraining(), calls.events)]


def trained(calls: Calls) -> Calls:
    return calls.forward().backward().step()


def evaluated(calls: Calls, times: int) -> Calls:
    for _ in range(times):
        calls.forward(training=False).backward().step()
    return calls


def test_three_steps_in_evaluation_after_one_in_training_are_flagged_at_the_eval():
    assert lines(evaluated(trained(Calls()).evaluate(), 3)) == [EVAL_LINE]


def test_it_speaks_once_however_long_that_goes_on():
    assert lines(evaluated(trained(Calls()).evaluate(), 9)) == [EVAL_LINE]


def test_two_steps_are_not_enough():
    assert lines(evaluated(trained(Calls()).evaluate(), 2)) == []


def test_a_step_in_training_mode_begins_the_count_anew():
    assert lines(evaluated(trained(evaluated(trained(Calls()).evaluate(), 2)), 2)) == []


def test_evaluation_from_the_start_is_meant():
    assert lines(evaluated(Calls().evaluate(), 6)) == []


def test_a_pass_in_training_mode_in_the_same_step_is_silent():
    calls = trained(Calls()).evaluate()
    for _ in range(4):
        calls.forward(training=False).forward().backward().step()
    assert lines(calls) == []


def test_a_root_in_training_mode_with_frozen_layers_is_silent():
    calls = trained(Calls()).evaluate()
    for _ in range(4):
        calls.forward(training=True, dropout=False).backward().step()
    assert lines(calls) == []


def test_a_pass_without_gradients_feeds_no_step():
    calls = trained(Calls()).evaluate()
    for _ in range(4):
        calls.forward(training=False, with_grad=False).backward().step()
    assert lines(calls) == []


def test_an_iteration_that_was_seen_in_part_does_not_count():
    calls = evaluated(trained(Calls()).evaluate(), 2)
    calls.watched(on=False).watched(on=True).forward(training=False).backward().step()
    assert lines(calls) == []


def test_a_step_without_a_backward_does_not_count():
    assert lines(evaluated(trained(Calls()).evaluate(), 2).forward(training=False).step()) == []


def test_the_eval_of_a_module_that_holds_the_root_counts():
    class Holds(Look):
        def holds(self, module, other):
            return (module, other) == (99, NET)

    assert lines(evaluated(trained(Calls(look=Holds())).evaluate(99), 3)) == [EVAL_LINE]
    assert lines(evaluated(trained(Calls()).evaluate(99), 3)) == [BACKWARD_LINE]


def test_the_message_says_what_since_where_and_what_to_do():
    class Knows(Look):
        def module(self, module):
            return "net"

        def optimizer(self, optimizer):
            return "opt"

    (finding,) = detect(EvalInTraining(), evaluated(trained(Calls(look=Knows())).evaluate(), 3).events)
    assert finding.message == (
        "`net` is in evaluation mode since this line, and the last 3 steps of `opt` trained it so, though earlier "
        "steps trained it in training mode: a layer (Dropout) worked as in evaluation. Call `net.train()` before "
        "training goes on."
    )
    assert [related.site.line for related in finding.related] == [BACKWARD_LINE, STEP_LINE]
