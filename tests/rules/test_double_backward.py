"""The rule over events built by hand."""

from __future__ import annotations

import pytest

from rules.events import detect, site
from tapelens.events import BackwardForeseen, BackwardRaised, Uncaught
from tapelens.rules.double_backward.runtime import DoubleBackward

TORCH_SAYS = "Trying to backward through the graph a second time (or directly access saved tensors ...)"


def raised(*, carrier: str | None = "hidden", freed: bool = True, known: bool = True) -> BackwardRaised:
    return BackwardRaised(
        call=7,
        step=None,
        site=site(12),
        message=TORCH_SAYS if freed else "element 0 of tensors does not require grad",
        expression="loss",
        freed=freed,
        carrier=carrier,
        freed_by=site(9) if known else None,
    )


def uncaught(call: int | None = 7) -> Uncaught:
    return Uncaught(call=call, type_name="RuntimeError", message=TORCH_SAYS, site=site(12))


def test_an_error_that_nobody_catches_is_flagged_at_the_second_call():
    (finding,) = detect(DoubleBackward(), [raised(), uncaught()])
    assert (finding.rule, finding.severity, finding.site.line) == ("double-backward", "error", 12)
    assert finding.message == (
        "Trying to backward through the graph a second time: `hidden` brings a graph into `loss` that was run backward "
        "and freed at train.py:9 already. Carry on with `hidden.detach()`, or compute `loss` anew before this call, or "
        "pass retain_graph=True to the first call."
    )
    assert [related.site.line for related in finding.related] == [9]


@pytest.mark.parametrize("events", [[raised()], [uncaught()], [raised(), uncaught(8)], [raised(), uncaught(None)]])
def test_an_error_that_somebody_catches_is_theirs(events):
    assert detect(DoubleBackward(), events) == []


def test_another_error_is_another_matter():
    assert detect(DoubleBackward(), [raised(freed=False), uncaught()]) == []


def test_it_speaks_once_though_both_debugger_and_interpreter_tell():
    assert len(detect(DoubleBackward(), [raised(), uncaught(), uncaught()])) == 1


def test_without_a_carrier_it_names_the_root():
    (finding,) = detect(DoubleBackward(), [raised(carrier=None, known=False), uncaught()])
    assert finding.message.startswith(
        "Trying to backward through the graph a second time: the graph of `loss` was run backward and freed already. "
        "Compute `loss` anew before this call, or pass retain_graph=True to the first call"
    )
    assert finding.related == ()


def test_at_a_stop_it_is_foreseen_as_information():
    event = BackwardForeseen(site=site(12), expression="loss", reason="freed", freed_by=site(9), message="...")
    (finding,) = detect(DoubleBackward(), [event])
    assert (finding.severity, finding.foreseen) == ("information", True)
    assert "a second time" in finding.message
    assert "train.py:9" in finding.message


def test_what_is_foreseen_for_another_reason_is_another_matter():
    event = BackwardForeseen(site=site(12), expression="loss", reason="changed", freed_by=None, message="...")
    assert detect(DoubleBackward(), [event]) == []
