"""The rule over events built by hand."""

from __future__ import annotations

import pytest

from rules.backwards import raised as call_raised
from rules.events import detect, site
from tapelens.events import BackwardForeseen, BackwardRaised, Change, Uncaught
from tapelens.rules.inplace_modified.runtime import InplaceModified

TORCH_SAYS = (
    "one of the variables needed for gradient computation has been modified by an inplace operation: "
    "[torch.FloatTensor [2, 4]], which is output 0 of Sigmoid, is at version 1; expected version 0 instead."
)
CHANGE = Change("gates", "gates += 0.1", site(9), "SigmoidBackward0", site(8), 0, 1)
UNKNOWN = Change("", "", None, "SigmoidBackward0", None, -1, -1)


def raised(change: Change | None = CHANGE, message: str = TORCH_SAYS) -> BackwardRaised:
    return call_raised(7, 12, message=message, change=change)


def uncaught(call: int | None = 7, message: str = TORCH_SAYS) -> Uncaught:
    return Uncaught(call=call, type_name="RuntimeError", message=message, site=site(12))


def test_an_error_that_nobody_catches_is_flagged_at_the_operation_that_wrote():
    (finding,) = detect(InplaceModified(), [raised(), uncaught()])
    assert (finding.rule, finding.severity, finding.site.line) == ("inplace-modified", "error", 9)
    assert finding.message == (
        "`gates` was changed in place by `gates += 0.1` after SigmoidBackward0 had saved it for backward (saved at "
        "version 0, now at 1), so `loss.backward()` at train.py:12 raises. Use the operation that gives a new tensor, "
        "or change a `.clone()`."
    )
    assert [related.site.line for related in finding.related] == [12, 8]


def test_a_step_between_forward_and_backward_says_what_to_move():
    change = CHANGE._replace(name="critic.weight", written="", by_step=True, site=site(10))
    (finding,) = detect(InplaceModified(), [raised(change), uncaught()])
    assert finding.site.line == 10
    assert "`critic.weight` was changed in place by the optimizer's step after" in finding.message
    assert finding.message.endswith("before this step, or compute the loss anew after it.")


@pytest.mark.parametrize("change", [None, UNKNOWN])
def test_where_the_operation_is_not_known_it_is_flagged_at_the_backward(change):
    (finding,) = detect(InplaceModified(), [raised(change), uncaught()])
    assert (finding.site.line, finding.related) == (12, ())


@pytest.mark.parametrize("events", [[raised()], [uncaught()], [raised(), uncaught(8)], [raised(), uncaught(None)]])
def test_an_error_that_somebody_catches_is_theirs(events):
    assert detect(InplaceModified(), events) == []


def test_another_error_is_another_matter():
    assert detect(InplaceModified(), [raised(message="does not require grad"), uncaught()]) == []


def test_an_operation_that_is_refused_at_once_is_flagged_there():
    message = "a leaf Variable that requires grad is being used in an in-place operation."
    (finding,) = detect(InplaceModified(), [uncaught(None, message)])
    assert finding.site.line == 12
    assert message in finding.message


def test_at_a_stop_it_is_foreseen_as_information_at_the_operation():
    event = BackwardForeseen(
        site=site(12), expression="loss", reason="changed", freed_by=None, message="It will raise.", change=CHANGE
    )
    (finding,) = detect(InplaceModified(), [event])
    assert (finding.severity, finding.foreseen, finding.site.line) == ("information", True, 9)
    assert "`loss.backward()` would raise" in finding.message


def test_what_is_foreseen_without_a_known_operation_stands_at_the_line():
    event = BackwardForeseen(
        site=site(12), expression="loss", reason="changed", freed_by=None, message="It will raise."
    )
    (finding,) = detect(InplaceModified(), [event])
    assert (finding.site.line, finding.message.startswith("It will raise.")) == (12, True)


def test_what_is_foreseen_for_another_reason_is_another_matter():
    event = BackwardForeseen(site=site(12), expression="loss", reason="freed", freed_by=None, message="...")
    assert detect(InplaceModified(), [event]) == []
