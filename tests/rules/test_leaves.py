"""nonleaf-grad and leaf-lost over events built by hand: of one reading, one of them speaks."""

from __future__ import annotations

from rules.events import detect, site
from tapelens.events import Lost, NonleafRead, Uncaught
from tapelens.probe.collector import Collector
from tapelens.rules.leaf_lost.runtime import LeafLost
from tapelens.rules.nonleaf_grad.runtime import NonleafGrad

LOST = Lost("w", "torch.randn(3, requires_grad=True) * 0.1", site(4), None)


def read(lost: Lost | None = None, *, known: bool = True) -> NonleafRead:
    return NonleafRead(
        site=site(12),
        expression="hidden" if known else "",
        operation="ReluBackward0" if known else "",
        made=site(8) if known else None,
        lost=lost,
    )


def refused(lost: Lost | None) -> Uncaught:
    return Uncaught(
        call=None, type_name="ValueError", message="can't optimize a non-leaf Tensor", site=site(6), lost=lost
    )


def test_a_reading_is_flagged_where_it_reads_and_says_who_made_the_tensor():
    (finding,) = detect(NonleafGrad(), [read()])
    assert (finding.rule, finding.severity, finding.site.line) == ("nonleaf-grad", "warning", 12)
    assert finding.message == (
        "`hidden` is no leaf: it was made by ReluBackward0 at train.py:8, so backward keeps no gradient for it and "
        "`.grad` is None. Call `hidden.retain_grad()` before the backward, or read the gradient of the leaf that was "
        "meant."
    )
    assert [related.site.line for related in finding.related] == [8]


def test_a_tensor_that_has_no_name_is_flagged_too():
    (finding,) = detect(NonleafGrad(), [read(known=False)])
    assert finding.message.startswith("This tensor is no leaf: an operation made it, so backward keeps no gradient")
    assert "Call `retain_grad()` on it" in finding.message


def test_a_lost_leaf_is_flagged_at_the_statement_that_lost_it():
    (finding,) = detect(LeafLost(), [read(LOST)])
    assert (finding.rule, finding.severity, finding.site.line) == ("leaf-lost", "warning", 4)
    assert "`.requires_grad_()` on what comes out" in finding.message
    assert [related.site.line for related in finding.related] == [12]


def test_an_update_that_makes_a_new_tensor_is_told_how_to_write_in_place():
    lost = Lost("w", "w - 0.1 * w.grad", site(9), site(4))
    (finding,) = detect(LeafLost(), [read(lost)])
    assert "`with torch.no_grad(): w -= …`" in finding.message
    assert [related.site.line for related in finding.related] == [12, 4]


def test_an_optimizer_that_refuses_it_is_the_same_fault():
    (finding,) = detect(LeafLost(), [refused(LOST)])
    assert finding.site.line == 4
    assert "so the optimizer refuses it" in finding.message


def test_other_readings_and_exceptions_are_another_matter():
    assert detect(LeafLost(), [read(), refused(None)]) == []


def test_of_one_reading_the_lost_leaf_speaks_and_the_other_rule_does_not():
    said: list[str] = []
    collector = Collector(
        [NonleafGrad(), LeafLost()], on_finding=lambda finding: said.append(finding.rule), stop=lambda: 0
    )
    collector.emit(read(LOST))
    collector.emit(read())
    assert said == ["leaf-lost", "nonleaf-grad"]
