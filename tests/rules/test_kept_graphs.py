"""needless-retain-graph and create-graph-leak over events built by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rules.backwards import began, created, raised, retained, step_ended
from rules.events import detect, site
from tapelens.events import Event, Look, ProgramEnded
from tapelens.rules.create_graph_leak.runtime import CreateGraphLeak
from tapelens.rules.needless_retain_graph.runtime import NeedlessRetainGraph
from tapelens.wire.findings import Finding

END = ProgramEnded(raised=False)


class Knows(Look):
    def has_backwards_to_come(self, site):
        return True


def judged(*events: Event) -> list[tuple[str, int]]:
    found: list[Finding] = []
    for twin in (NeedlessRetainGraph(), CreateGraphLeak()):
        found += detect(twin, events)
    return [(finding.rule, finding.site.line) for finding in found]


def loop(times: int, make=retained, **fields) -> list[Event]:
    return [event for call in range(1, times + 1) for event in (make(call, **fields), step_ended())]


def test_five_calls_that_nobody_used_are_flagged_as_the_sixth_begins():
    assert judged(*loop(5)) == []
    assert judged(*loop(6)) == [("needless-retain-graph", 10)]


def test_two_calls_are_enough_at_the_end():
    assert judged(*loop(2), END) == [("needless-retain-graph", 10)]
    assert judged(*loop(1), END) == []


def test_it_is_said_once():
    assert judged(*loop(12), END) == [("needless-retain-graph", 10)]


def test_an_end_by_an_exception_counts_nothing():
    assert judged(*loop(2), ProgramEnded(raised=True)) == []


def test_one_use_acquits_the_line_for_ever():
    assert judged(*loop(3), began(50, 12, reuses=frozenset({2})), *loop(9), END) == []


def test_a_use_of_another_lines_graph_does_not():
    assert judged(*loop(3), began(50, 12, reuses=frozenset({40})), END) == [("needless-retain-graph", 10)]


def test_what_was_open_as_a_graph_was_not_looked_through_does_not_count():
    assert judged(*loop(2), began(50, 12, walked=False), END) == []
    assert judged(*loop(4), began(50, 12, walked=False), *loop(5)[:-1]) == []


def test_more_unsure_calls_than_sure_ones_are_no_ground():
    assert judged(*loop(3), began(50, 12, walked=False), *[replace(each) for each in loop(2)], END) == []


def test_a_retaining_call_that_was_not_looked_through_is_unsure():
    assert judged(*loop(2, walked=False), END) == []


def test_calls_before_a_step_may_still_be_used():
    assert judged(*[retained(call) for call in range(1, 9)]) == []


def test_graphs_that_are_gone_were_used_by_nobody_though_no_step_follows():
    calls = [retained(call, gone=frozenset({call - 1})) for call in range(1, 7)]
    assert judged(*calls[:5]) == []
    assert judged(*calls) == [("needless-retain-graph", 10)]


def test_what_was_gone_before_a_graph_was_not_looked_through_counts():
    blind = [began(50 + call, 12, walked=False, gone=frozenset({call})) for call in (1, 2)]
    assert judged(retained(1), blind[0], retained(2), blind[1], END) == [("needless-retain-graph", 10)]


def test_a_flag_that_is_a_decision_is_not_judged():
    assert judged(*loop(3, began, retain_graph=True), END) == []


def test_a_call_that_raised_kept_nothing():
    assert judged(retained(1), raised(1), retained(2), raised(2), END) == []


def test_a_call_inside_another_is_not_judged():
    assert judged(*loop(3, inside=7), END) == []


def test_while_a_backward_of_the_file_has_not_run_it_waits():
    assert judged(*loop(20, look=Knows())) == []
    assert judged(*loop(20, look=Knows()), END) == [("needless-retain-graph", 10)]
    assert judged(*loop(51, look=Knows())) == [("needless-retain-graph", 10)]


def test_lines_that_one_library_function_serves_are_told_apart():
    helper = replace(site(70), path="/lib/accelerate.py", in_library=True)
    unused, used = retained(1, 10, innermost=helper), retained(2, 20, innermost=helper)
    events = [unused, used, began(3, 30, reuses=frozenset({2}))] * 2
    numbered = [replace(event, call=100 + index) for index, event in enumerate(events)]
    numbered[2] = replace(numbered[2], reuses=frozenset({101}))
    assert judged(*numbered, END) == [("needless-retain-graph", 10)]


def test_graphs_of_gradients_are_flagged_later_since_they_may_be_used_every_tenth_step():
    assert judged(*loop(12, created)) == []
    assert judged(*loop(13, created)) == [("create-graph-leak", 10)]
    assert judged(*loop(2, created), END) == [("create-graph-leak", 10)]


def test_gradients_taken_apart_leak_nothing():
    assert judged(*loop(3, created, accumulates=False), END) == []


@pytest.mark.parametrize("twin", [NeedlessRetainGraph, CreateGraphLeak])
def test_the_message_says_how_many_and_what_to_do(twin):
    make = retained if twin is NeedlessRetainGraph else created
    (finding,) = detect(twin(), [*loop(4, make), END])
    assert "4 calls here" in finding.message
    assert "Drop `" in finding.message
    assert [fact.value for fact in finding.facts] == ["4"]
