"""The rule over events built by hand."""

from __future__ import annotations

from rules.calls import LAYER_LINE, Calls, idle
from rules.events import STEP_LINE, detect
from tapelens.events import Look, ProgramEnded
from tapelens.rules.unused_parameter.runtime import UnusedParameter


class NoGradients(Look):
    def gradients(self, parameters):
        return 0


def lines(calls: Calls) -> list[int]:
    return [finding.site.line for finding in detect(UnusedParameter(), calls.events)]


def without_it(times: int, *, look: Look | None = None) -> Calls:
    calls = Calls(look=look or NoGradients())
    for _ in range(times):
        calls.forward(idle=(idle(),)).backward().step()
    return calls


def test_five_steps_without_a_child_are_flagged_where_it_is_made():
    assert lines(without_it(5)) == [LAYER_LINE]
    assert lines(without_it(4)) == []


def test_it_speaks_once():
    assert lines(without_it(9)) == [LAYER_LINE]


def test_three_steps_are_enough_when_the_program_ends_and_has_not_raised():
    calls = without_it(3)
    calls.events.append(ProgramEnded(raised=False))
    assert lines(calls) == [LAYER_LINE]
    calls.events[-1] = ProgramEnded(raised=True)
    assert lines(calls) == []


def test_a_child_that_ran_once_is_used():
    calls = without_it(4).forward(also=(7,)).backward().step()
    for _ in range(5):
        calls.forward(idle=(idle(),)).backward().step()
    assert lines(calls) == []


def test_a_child_that_ran_in_another_call_of_the_iteration_is_used():
    calls = Calls(look=NoGradients())
    for _ in range(6):
        calls.forward(idle=(idle(),)).forward(also=(7,)).backward().step()
    assert lines(calls) == []


def test_a_child_whose_parameters_have_gradients_is_used_without_being_called():
    assert lines(without_it(6, look=Look())) == []


def test_a_child_that_another_optimizer_holds_is_not_this_ones():
    calls = Calls(look=NoGradients())
    for _ in range(6):
        calls.forward(idle=(idle(held_by=2),)).backward().step()
    assert lines(calls) == []


def test_steps_without_a_backward_or_seen_in_part_do_not_count():
    calls = without_it(4).forward(idle=(idle(),)).step()
    calls.watched(on=False).watched(on=True).forward(idle=(idle(),)).backward().step()
    assert lines(calls) == []


def test_a_child_that_a_method_names_is_information():
    calls = Calls(look=NoGradients())
    for _ in range(5):
        calls.forward(idle=(idle(is_named=True),)).backward().step()
    (finding,) = detect(UnusedParameter(), calls.events)
    assert finding.severity == "information"
    assert "under some condition" in finding.message


def test_a_child_whose_making_was_not_seen_is_not_flagged():
    calls = Calls(look=NoGradients())
    for _ in range(6):
        calls.forward(idle=(idle()._replace(made=None),)).backward().step()
    assert lines(calls) == []


def test_the_message_says_what_how_often_and_what_to_do():
    (finding,) = detect(UnusedParameter(), without_it(5).events)
    assert finding.message == (
        "`second` (Linear) never ran in 5 training steps in which its `Net` ran: 2 parameters that `optimizer` holds "
        "got no gradient and cannot learn. No method of `Net` calls it: call it in `forward`, or take it out."
    )
    assert (finding.severity, [related.site.line for related in finding.related]) == ("warning", [STEP_LINE])
