"""The rule over events built by hand."""

from __future__ import annotations

from dataclasses import replace

from rules.backwards import began, ended, step_begins
from rules.events import detect, leaf
from tapelens.events import Event, Evidence, Look
from tapelens.rules.repeated_backward_accumulates.runtime import RepeatedBackwardAccumulates

A, B = 501, 502
BOTH = frozenset({A, B})
ROOT, TOTAL = 70, 80


class Holds(Look):
    """An optimizer that holds both leaves, some of them with a gradient."""

    def __init__(self, filled=BOTH, *, holds=BOTH, value=2.0):
        self._filled, self._holds, self._value = filled, holds, value

    def held_by(self, optimizer):
        return self._holds

    def evidence(self, parameters):
        return {each: Evidence(9, 1, (self._value,)) for each in parameters if each in self._filled}

    def parameter(self, parameter):
        return f"w{parameter}"


def first(**fields) -> list[Event]:
    return [began(1, 10, roots=(ROOT,), reaches=BOTH, **fields), ended(1)]


def again(*, roots=(ROOT,), standing=BOTH, **fields) -> list[Event]:
    kept = {1: standing} if standing else {}
    return [
        began(2, 20, roots=roots, ran_before=frozenset({1}), reaches=BOTH, standing=kept, **fields),
        ended(2, 20),
    ]


def step(look: Look | None = None) -> Event:
    return step_begins(look=look or Holds())


def lines(*events: Event) -> list[int]:
    return [finding.site.line for finding in detect(RepeatedBackwardAccumulates(), events)]


def test_a_root_that_runs_again_and_a_step_on_the_sum_are_flagged_at_the_later_call():
    assert lines(*first(), *again(), step()) == [20]


def test_a_root_below_another_counts_too():
    (finding,) = detect(RepeatedBackwardAccumulates(), [*first(), *again(roots=(TOTAL,)), step()])
    assert finding.message == (
        "A part of this root already ran backward by itself at train.py:10, and nothing has cleared the gradients of "
        "`w501` and 1 more since: its gradients count twice in the step that uses the sum. Run the sum alone, or "
        "detach() the part that has had its own backward."
    )
    assert [related.site.line for related in finding.related] == [10]


def test_a_sum_that_is_divided_by_the_number_of_runs_is_a_mean():
    def at_step(value):
        called, done = again()
        summed = replace(done, look=Holds())
        return lines(*first(), called, summed, step(Holds(value=value)))

    assert at_step(2.0) == [20]
    assert at_step(0.7) == [20]  # clipped
    assert at_step(1.0) == []


def test_without_a_step_nothing_was_done():
    assert lines(*first(), *again()) == []


def test_gradients_cleared_between_the_two_are_silent():
    assert lines(*first(), *again(standing=frozenset()), step()) == []


def test_a_gradient_that_either_call_brings_is_on_purpose():
    assert lines(*first(explicit_gradient=True), *again(), step()) == []
    assert lines(*first(), *again(explicit_gradient=True), step()) == []


def test_a_step_that_finds_them_cleared_uses_no_sum():
    assert lines(*first(), *again(), step(Holds(frozenset()))) == []


def test_a_step_of_an_optimizer_that_holds_none_of_them_is_another_matter():
    assert lines(*first(), *again(), step(Holds(holds=frozenset({9})))) == []


def test_a_backward_that_finds_the_sum_gone_ends_the_suspicion():
    third = [began(3, 30, reaches=BOTH, standing={}), ended(3, 30)]
    assert lines(*first(), *again(), *third, step()) == []


def test_a_backward_that_adds_to_the_sum_does_not():
    third = [began(3, 30, reaches=BOTH, standing={2: BOTH}), ended(3, 30)]
    assert lines(*first(), *again(), *third, step()) == [20]


def test_a_backward_that_was_not_looked_at_leaves_nothing_sure():
    third = [began(3, 30, walked=False), ended(3, 30)]
    assert lines(*first(), *again(), *third, step()) == []


def test_a_call_of_an_unknown_first_run_is_silent():
    assert lines(*again(), step()) == []


def test_it_is_told_again_for_the_collector_to_count():
    assert lines(*first(), *again(), step(), *first(), *again(), step()) == [20, 20]


def test_an_update_by_hand_uses_the_sum_too():
    def by_hand(now):
        third = began(3, 10, reaches=frozenset({A}), leaves={A: leaf(None, now)})
        repeat = [again()[0], ended(2, 20, leaves={A: leaf((1, 4.0), 1.0)})]
        return lines(*first(), *repeat, third)

    assert by_hand(0.6) == [20]
    assert by_hand(1.0) == []
