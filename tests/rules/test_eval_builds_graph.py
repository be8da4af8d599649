"""The rule over events built by hand."""

from __future__ import annotations

from rules.events import detect, site
from tapelens.events import Event, ForwardRan, Look, ProgramEnded
from tapelens.rules.eval_builds_graph.runtime import EvalBuildsGraph

END = ProgramEnded(raised=False)


class Knows(Look):
    def kept_bytes(self):
        return 1536


def call(serial: int, *, line: int = 9, builds: bool = True, unused: tuple[int, ...] = ()) -> ForwardRan:
    return ForwardRan(
        call=serial,
        site=site(line),
        innermost=site(line),
        module=1,
        training=False,
        with_grad=True,
        ran=(),
        builds=builds,
        unused=unused,
        look=Knows(),
    )


def lines(*events: Event) -> list[int]:
    return [finding.site.line for finding in detect(EvalBuildsGraph(), events)]


def test_the_third_graph_that_died_unused_is_told_where_it_was_built():
    assert lines(call(1), call(2), call(3, unused=(1,)), call(4, unused=(2,)), call(5, unused=(3,), line=70)) == [9]


def test_two_are_enough_when_the_program_ends():
    two = (call(1), call(2), call(3, unused=(1,)), call(4, unused=(2,)))
    assert lines(*two) == []
    assert lines(*two, END) == [9]
    assert lines(*two, ProgramEnded(raised=True)) == []


def test_it_speaks_once_for_a_line():
    calls = [call(serial, unused=(serial - 2,) if serial > 2 else ()) for serial in range(1, 12)]
    assert lines(*calls, END) == [9]


def test_graphs_that_live_or_were_used_are_not_flagged():
    assert lines(*(call(serial) for serial in range(1, 9)), END) == []


def test_a_line_of_which_only_every_second_graph_is_dropped_is_not_flagged():
    calls = [call(serial, unused=(serial - 3,) if serial > 3 and serial % 2 else ()) for serial in range(1, 20)]
    assert lines(*calls, END) == []


def test_calls_that_build_nothing_are_not_flagged():
    assert lines(*(call(serial, builds=False) for serial in range(1, 9)), END) == []


def test_the_message_says_how_many_how_much_and_what_to_do():
    events = [call(1), call(2), call(3, unused=(1,)), call(4, unused=(2,)), call(5, unused=(3,))]
    (finding,) = detect(EvalBuildsGraph(), events)
    assert finding.severity == "information"
    assert finding.message == (
        "The graphs of 3 forward passes in evaluation mode from here were dropped before any backward began. Each kept "
        "1.5 KiB for a backward that never came. Evaluate under `torch.no_grad()` or `torch.inference_mode()`."
    )
