"""The rule over events built by hand."""

from __future__ import annotations

from dataclasses import replace

from rules.backwards import began
from rules.events import detect, site
from tapelens.events import Look, SilentChange
from tapelens.rules.stale_graph_backward.runtime import StaleGraphBackward

BY_STEP = SilentChange(
    parameter=5,
    changed_at=site(11),
    by_step=True,
    made_at=site(7),
    operation="AddmmBackward0",
    before=(1.0, 0.5),
    now=(1.0, 0.4),
)
BY_HAND = replace(BY_STEP, by_step=False, changed_at=None, made_at=None)


class Knows(Look):
    def parameter(self, parameter):
        return f"net.{parameter}"


def test_a_step_that_nobody_counted_is_flagged_at_the_step():
    (finding,) = detect(
        StaleGraphBackward(), [began(1, 13, silently_changed=(BY_STEP, replace(BY_STEP, parameter=6)), look=Knows())]
    )
    assert (finding.severity, finding.site.line) == ("error", 11)
    assert finding.message == (
        "This step changed `net.5` and 1 more (0.5 is now 0.4) after AddmmBackward0 had saved it at train.py:7 for the "
        "backward at train.py:13: torch counts no version for such a change, so it does not raise, and the gradients "
        "are wrong. Run the backward before the step, or compute the loss anew after it."
    )
    assert [related.site.line for related in finding.related] == [7, 13]


def test_a_write_whose_line_is_not_known_is_flagged_at_the_backward():
    (finding,) = detect(StaleGraphBackward(), [began(1, 13, silently_changed=(BY_HAND,))])
    assert finding.site.line == 13
    assert finding.message.startswith("A write past the version counter (`.data`, numpy) changed `a parameter` (0.5")


def test_two_places_that_wrote_are_two_faults():
    changes = (BY_STEP, replace(BY_STEP, changed_at=site(12), by_step=False))
    found = detect(StaleGraphBackward(), [began(1, 13, silently_changed=changes)])
    assert [finding.site.line for finding in found] == [11, 12]


def test_a_graph_that_is_up_to_date_is_silent():
    assert detect(StaleGraphBackward(), [began(1, 13)]) == []


def test_it_is_told_again_for_the_collector_to_count():
    event = began(1, 13, silently_changed=(BY_STEP,))
    assert len(detect(StaleGraphBackward(), [event, event])) == 2
