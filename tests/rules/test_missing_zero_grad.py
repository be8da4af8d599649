"""The rule over events built by hand."""

from __future__ import annotations

from dataclasses import replace

from rules.events import BACKWARD_LINE, STEP_LINE, Loop, detect, hand_written_backward, leaf, site, unread
from tapelens.events import BackwardBegan, BackwardEnded, Event, Evidence, HeldKey, Look, StepBegan, StepEnded
from tapelens.rules.missing_zero_grad.runtime import MissingZeroGrad


def lines(events: list[Event]) -> list[int]:
    return [finding.site.line for finding in detect(MissingZeroGrad(), events)]


def test_a_step_on_what_the_last_step_used_plus_more_is_flagged_at_the_step():
    assert lines(Loop().backward().step().backward().step().events) == [STEP_LINE]


def test_every_further_step_is_told_again_for_the_collector_to_count():
    assert lines(Loop().backward().step().backward().step().backward().step().events) == [STEP_LINE, STEP_LINE]


def test_clearing_before_the_backward_is_silent():
    assert lines(Loop().backward().step().clear().backward().step().events) == []


def test_accumulating_on_purpose_before_one_step_is_not_flagged():
    assert lines(Loop().backward().backward().step().clear().backward().backward().step().events) == []


def test_a_write_between_step_and_backward_is_silent():
    assert lines(Loop().backward().step().write().backward().step().events) == []


def test_a_write_that_bumps_no_version_is_seen_in_the_values():
    assert lines(Loop().backward().step().write_unnoticed(0.25).backward().step().events) == []


def test_zeroing_that_bumps_no_version_is_seen_in_the_values():
    assert lines(Loop().backward().step().write_unnoticed(0.0).backward().step().events) == []


def test_clipping_between_backward_and_step_does_not_hide_the_fault():
    assert lines(Loop().backward().step().backward().write(0.1).step().events) == [STEP_LINE]


def test_clearing_between_backward_and_step_is_silent():
    assert lines(Loop().backward().step().backward().clear().step().events) == []


def test_a_backward_for_another_loss_that_is_cleared_before_the_next_turn_is_silent():
    assert lines(Loop().backward().step().backward().clear().backward().step().events) == []


def test_a_sum_that_more_backwards_add_to_is_still_a_sum():
    assert lines(Loop().backward().step().backward().backward().step().events) == [STEP_LINE]


def test_a_gradient_put_in_the_sums_place_is_silent():
    loop = Loop().backward().step().backward()
    loop.gradients[1001] = Evidence(4242, 0, (7.0,))
    assert lines(loop.step().events) == []


def test_a_parameter_that_the_backward_did_not_reach_is_no_sum():
    assert lines(Loop().backward(1001, 1002).step().backward(1003).step().events) == []


def test_another_optimizers_use_is_not_this_ones():
    loop = Loop().backward().step()
    other = Loop(optimizer=2, gradients=loop.gradients, events=loop.events, _serials=loop._serials)
    assert lines(other.backward().step().events) == []


def test_without_values_there_is_no_proof_and_so_no_word():
    assert lines([unread(event) for event in Loop().backward().step().backward().step().events]) == []


def test_an_optimizer_that_steps_another_over_the_same_parameters_is_one_fault():
    def in_both(event: Event) -> Event:
        if isinstance(event, (BackwardBegan, BackwardEnded, StepBegan, StepEnded)):
            inner = {key._replace(optimizer=2): seen for key, seen in event.held.items()}
            return replace(event, held=event.held | inner)
        return event

    events: list[Event] = []
    for event in map(in_both, Loop().backward().step().backward().step().events):
        match event:
            case StepBegan():
                events += [event, replace(event, step=100 + event.step, inside=event.step, optimizer=2, site=site(77))]
            case StepEnded():
                events += [replace(event, step=100 + event.step, optimizer=2, site=site(77)), event]
            case _:
                events.append(event)
    assert lines(events) == [STEP_LINE]


def test_a_call_inside_another_changes_nothing():
    events = Loop().backward().step().backward().step().events
    inner = replace(events[4], call=99, inside=5)
    assert isinstance(inner, BackwardBegan)
    ended = BackwardEnded(call=99, step=None, site=site(1), held={})
    assert lines([*events[:5], inner, ended, *events[5:]]) == [STEP_LINE]


def test_autograd_grad_clears_nothing_and_adds_nothing():
    events = Loop().backward().step().backward().step().events
    grad = replace(events[4], call=99, accumulates=False, held={})
    ended = BackwardEnded(call=99, step=None, site=site(1), held={})
    assert lines([*events[:6], grad, ended, *events[6:]]) == [STEP_LINE]


def test_the_message_says_what_when_how_much_and_what_to_do():
    class Knows(Look):
        def optimizer(self, optimizer):
            return "opt"

        def parameter(self, parameter):
            return f"net.{parameter}"

        def norm(self, parameters):
            return 0.8214 * len(list(parameters))

    events = Loop().backward(1, 2, 3).step().backward(1, 2, 3).step().events
    knowing = [replace(event, look=Knows()) if hasattr(event, "look") else event for event in events]
    (finding,) = detect(MissingZeroGrad(), knowing)
    assert finding.message == (
        "`net.1` and 2 more still hold the gradient of step 1 (norm 2.46), which step 1 already used; nothing cleared "
        "it before step 2, so this step uses the sum of both. Call `opt.zero_grad()` before the backward."
    )
    assert [(related.site.line, related.message) for related in finding.related] == [
        (BACKWARD_LINE, "This backward added to the gradients that step 1 had used.")
    ]


def closure_call(call: int, *, old: float | None, parameter: float, step: int = 1) -> list[Event]:
    """One backward inside a step: the gradient before it, and the parameter's value."""
    key = HeldKey(1, 1001)
    before = {} if old is None else {key: Evidence(9, call, (old,))}
    after = {key: Evidence(9, call + 1, ((old or 0.0) + 1.0,))}
    began = Loop().backward().events[0]
    assert isinstance(began, BackwardBegan)
    return [
        replace(began, call=call, step=step, held=before, values=dict.fromkeys(before, (parameter,))),
        BackwardEnded(call=call, step=step, site=site(BACKWARD_LINE), held=after, values={key: (parameter,)}),
    ]


def in_a_step(*calls: list[Event], step: int = 1) -> list[Event]:
    last = calls[-1][-1]
    assert isinstance(last, BackwardEnded)
    began = StepBegan(
        step=step, inside=None, optimizer=1, ordinal=step, site=site(STEP_LINE), has_closure=True, held={}
    )
    ended = StepEnded(step=step, optimizer=1, ordinal=step, site=site(STEP_LINE), held=last.held)
    return [began, *(event for call in calls for event in call), ended]


def test_a_closures_call_on_what_its_last_call_left_is_flagged_at_the_backward():
    events = in_a_step(closure_call(1, old=None, parameter=3.0), closure_call(2, old=1.0, parameter=2.5))
    assert lines(events) == [BACKWARD_LINE]


def test_two_backwards_in_one_call_of_a_closure_are_not_flagged():
    events = in_a_step(closure_call(1, old=None, parameter=3.0), closure_call(2, old=1.0, parameter=3.0))
    assert lines(events) == []


def test_a_closure_called_once_a_step_on_what_the_last_step_left_is_flagged():
    first = in_a_step(closure_call(1, old=None, parameter=3.0))
    second = in_a_step(closure_call(2, old=1.0, parameter=2.5, step=2), step=2)
    assert lines([*first, *second]) == [BACKWARD_LINE]


def test_an_update_by_hand_on_a_sum_is_flagged_at_the_backward_that_added():
    events = [
        *hand_written_backward(1, leaf(None, 1.0), leaf((0, 2.0), 1.0)),
        *hand_written_backward(2, leaf((0, 2.0), 0.8), leaf((1, 3.0), 0.8)),  # moved against its gradient
        *hand_written_backward(3, leaf((1, 3.0), 0.5), leaf((2, 5.0), 0.5)),
    ]
    assert lines(events) == [BACKWARD_LINE]


def test_data_written_into_a_leaf_is_no_update():
    events = [
        *hand_written_backward(1, leaf(None, 1.0), leaf((0, 2.0), 1.0)),
        *hand_written_backward(2, leaf((0, 2.0), 0.8), leaf((1, 3.0), 0.8)),
        *hand_written_backward(3, leaf((1, 3.0), 0.8), leaf((2, 5.0), 0.8)),  # stood still
    ]
    assert lines(events) == []


def test_the_same_graph_twice_without_an_update_is_not_flagged():
    events = [
        *hand_written_backward(1, leaf(None, 3.0), leaf((0, 4.0), 3.0)),
        *hand_written_backward(2, leaf((0, 4.0), 3.0), leaf((1, 8.0), 3.0)),
        *hand_written_backward(3, leaf((1, 8.0), 3.0), leaf((2, 12.0), 3.0)),
    ]
    assert lines(events) == []
