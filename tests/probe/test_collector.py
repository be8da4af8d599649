"""The collector: one fault, one finding."""

from __future__ import annotations

import threading
from typing import ClassVar

from tapelens.events import ProgramEnded, Uncaught
from tapelens.probe.collector import Collector
from tapelens.rules.model import Rule, finding
from tapelens.wire.findings import Finding
from tapelens.wire.sites import Site

END = ProgramEnded(raised=False)
EVENT = ProgramEnded(raised=True)
UNCAUGHT = Uncaught(call=None, type_name="", message="", site=None)


class Says:
    """A twin that says the same of every event."""

    wants: ClassVar[tuple[type, ...]] = (ProgramEnded, Uncaught)

    def __init__(self, slug, *, line=3, foreseen=False):
        self.rule = Rule(slug=slug, severity="warning", summary="", runtime=None)
        self.line, self.foreseen = line, foreseen
        self.seen = 0

    def see(self, event):
        self.seen += 1
        site = Site(path="/train.py", line=self.line, function="f", in_library=False)
        yield finding(self.rule, at=site, message=f"number {self.seen}", foreseen=self.foreseen)


class Fails:
    wants: ClassVar[tuple[type, ...]] = (ProgramEnded,)

    def see(self, _event):
        reason = "why"
        raise ValueError(reason)
        yield


def collect(*twins, stop=0):
    told: list[Finding] = []
    faults: list[tuple[str, str]] = []
    stops = [stop]
    collector = Collector(
        twins, on_finding=told.append, stop=lambda: stops[0], report_fault=lambda *fault: faults.append(fault)
    )
    return collector, told, faults, stops


def test_a_repeat_is_the_first_one_with_its_count_and_stop():
    collector, told, _, stops = collect(Says("one"))
    collector.emit(EVENT)
    stops[0] = 7
    collector.emit(EVENT)
    assert [(each.message, each.count, each.stop) for each in told] == [("number 1", 1, 0), ("number 1", 2, 7)]


def test_two_lines_are_two_findings():
    collector, told, _, _ = collect(Says("one", line=3), Says("one", line=4))
    collector.emit(EVENT)
    assert [(each.site.line, each.count) for each in told] == [(3, 1), (4, 1)]


def test_many_repeats_are_told_less_often_and_all_of_them_at_the_end():
    class EveryEvent(Says):
        def see(self, event):
            if event is not END:
                yield from super().see(event)

    collector, told, _, _ = collect(EveryEvent("one"))
    for _ in range(1000):
        collector.emit(UNCAUGHT)
    assert len(told) < 50
    assert told[-1].count < 1000
    collector.emit(END)
    assert told[-1].count == 1000


def test_of_one_event_the_rule_that_outranks_speaks():
    collector, told, _, _ = collect(Says("repeated-backward-accumulates"), Says("missing-zero-grad"))
    collector.emit(EVENT)
    assert [each.rule for each in told] == ["missing-zero-grad"]


def test_a_twin_that_fails_is_quiet_and_told_once_and_the_others_speak():
    collector, told, faults, _ = collect(Fails(), Says("one"))
    collector.emit(EVENT)
    collector.emit(EVENT)
    assert [each.count for each in told] == [1, 2]
    ((where, what),) = faults
    assert where == "rule Fails"
    assert what.startswith("ValueError: why")


def test_what_is_foreseen_is_told_once_a_stop_and_counts_nothing():
    collector, told, _, stops = collect(Says("one", foreseen=True), stop=1)
    collector.emit(EVENT)
    collector.emit(EVENT)
    stops[0] = 2
    collector.emit(EVENT)
    assert [(each.count, each.stop) for each in told] == [(1, 1), (1, 2)]


def test_another_thread_can_emit_while_one_is_paused_in_a_finding():
    inside, go_on = threading.Event(), threading.Event()
    counts: list[int] = []

    def pause(each: Finding) -> None:
        counts.append(each.count)
        if each.count == 1:
            inside.set()
            assert go_on.wait(20)

    collector = Collector([Says("one")], on_finding=pause, stop=lambda: 0)
    first = threading.Thread(target=collector.emit, args=(EVENT,))
    first.start()
    assert inside.wait(20)
    collector.emit(EVENT)
    go_on.set()
    first.join(20)
    assert counts == [1, 2]
    assert collector.away_ns > 0
