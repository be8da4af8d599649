"""The rule over events built by hand."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from rules.events import BACKWARD_LINE, detect, site
from tapelens.events import Event, GraphMade, GraphsHeld, GraphsSettled, Holders, ProgramEnded
from tapelens.rules.graph_growth.runtime import GraphGrowth

TIE_LINE = 14
ENDED = ProgramEnded(raised=False)


def held(
    *, iterations: int = 5, bounded: bool = False, tied: bool = True, tensors: int = 1, size: int = 0
) -> GraphsHeld:
    return GraphsHeld(
        name="total",
        function="train",
        tensors=tensors,
        iterations=iterations,
        nodes=1240,
        size_bytes=size,
        at_least=False,
        tie=site(TIE_LINE) if tied else None,
        statement="total += loss" if tied else "",
        is_bounded=bounded,
    )


class Known(Holders):
    """Finds what it was told, and counts how often it was asked."""

    def __init__(self, *found: GraphsHeld) -> None:
        self.found = found
        self.asked = 0

    def find(self) -> tuple[GraphsHeld, ...]:
        self.asked += 1
        return self.found


def made(iteration: int, alive: Iterable[int], holders: Holders, *, runs_backward: bool = True, loop: int = 1) -> Event:
    return GraphMade(
        loop=loop,
        iteration=iteration,
        site=site(BACKWARD_LINE),
        alive=tuple(alive),
        runs_backward=runs_backward,
        holders=holders,
    )


def growing(until: int, holders: Holders, *, runs_backward: bool = True) -> list[Event]:
    """Every graph lives on; told from the third iteration on, as none is old before."""
    return [made(each, range(1, each), holders, runs_backward=runs_backward) for each in range(3, until + 1)]


def test_graphs_that_become_more_in_four_iterations_running_are_flagged_where_they_are_tied():
    (finding,) = detect(GraphGrowth(), growing(6, Known(held())))
    assert (finding.rule, finding.severity, finding.site.line) == ("graph-growth", "warning", TIE_LINE)
    assert finding.message == (
        "`total` holds the graphs of 5 iterations (1,240 nodes), and each iteration adds another one by "
        "`total += loss` (train.py:14). Add a number (`.item()`) or carry on with `.detach()` instead."
    )
    assert [related.site.line for related in finding.related] == [BACKWARD_LINE]


def test_three_rises_are_not_enough_while_the_program_runs():
    assert detect(GraphGrowth(), growing(5, Known(held()))) == []


def test_at_the_end_of_a_program_of_four_iterations_it_is_said_when_nothing_was_let_go():
    holders = Known(held(iterations=3))
    (finding,) = detect(GraphGrowth(), [*growing(4, holders), ENDED])
    assert finding.site.line == TIE_LINE
    assert holders.asked == 1


def test_after_an_exception_the_end_counts_nothing():
    assert detect(GraphGrowth(), [*growing(4, Known(held(iterations=3))), ProgramEnded(raised=True)]) == []


def test_at_the_end_it_is_silent_when_some_graph_was_let_go_since():
    events = [*growing(4, Known(held())), made(5, [4], Known(held())), ENDED]
    assert detect(GraphGrowth(), events) == []


def test_a_window_that_is_full_is_silent():
    holders = Known(held())
    events = [made(each, range(max(1, each - 3), each), holders) for each in range(3, 30)]
    assert detect(GraphGrowth(), events) == []
    assert holders.asked <= 1


def test_what_is_bounded_is_silent():
    assert detect(GraphGrowth(), [*growing(9, Known(held(bounded=True))), ENDED]) == []


def test_a_name_that_reaches_two_iterations_is_silent():
    assert detect(GraphGrowth(), [*growing(9, Known(held(iterations=2))), ENDED]) == []


def test_an_iteration_of_which_nothing_was_told_ends_the_rise():
    holders = Known(held())
    events = [made(each, range(1, each), holders) for each in (3, 4, 6, 7, 9, 10)]
    assert detect(GraphGrowth(), events) == []


def test_where_nobody_holds_them_it_asks_more_and_more_rarely():
    nobody = Known()
    detect(GraphGrowth(), growing(200, nobody))
    assert nobody.asked <= 7


def test_one_statement_is_told_once_however_long_it_goes_on():
    assert len(detect(GraphGrowth(), [*growing(60, Known(held())), ENDED])) == 1


def test_without_a_statement_it_stands_at_the_backward():
    (finding,) = detect(GraphGrowth(), growing(6, Known(held(tied=False))))
    assert finding.site.line == BACKWARD_LINE
    assert finding.related == ()


@pytest.mark.parametrize(("size", "said"), [(0, ""), (3 << 20, ", 3.0 MB kept for backward"), (12, ", 12 bytes kept")])
def test_bytes_are_said_when_there_are_some(size, said):
    (finding,) = detect(GraphGrowth(), growing(6, Known(held(size=size, tensors=5))))
    assert f"(1,240 nodes{said}" in finding.message
    assert finding.message.endswith("Put in numbers (`.item()`) or `.detach()`ed tensors instead.")


def test_calls_in_evaluation_mode_wait_until_it_is_known_that_no_backward_used_them():
    events = growing(8, Known(held()), runs_backward=False)
    assert detect(GraphGrowth(), events) == []
    assert len(detect(GraphGrowth(), [*events, GraphsSettled(loop=1, used=False)])) == 1
    assert len(detect(GraphGrowth(), [*events, ENDED])) == 1
    assert detect(GraphGrowth(), [*events, GraphsSettled(loop=1, used=True), ENDED]) == []


def test_loops_are_counted_apart():
    one, other = Known(held()), Known(held())
    events = [
        event
        for each in range(3, 6)
        for event in (made(each, range(1, each), one), made(each, range(1, each), other, loop=2))
    ]
    assert detect(GraphGrowth(), events) == []


def test_a_project_may_set_another_number_of_iterations():
    assert len(detect(GraphGrowth(iterations=2), growing(4, Known(held())))) == 1
