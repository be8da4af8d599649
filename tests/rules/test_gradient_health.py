"""The rules of gradients that are not finite, vanish or explode, over events built by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rules.events import BACKWARD_LINE, STEP_LINE, detect, site
from tapelens.events import Culprit, Event, GradientsMeasured, LayerNorm, NonFiniteUsed, ProgramEnded
from tapelens.rules.exploding_grad.runtime import ExplodingGrad
from tapelens.rules.nonfinite_grad.runtime import NonFiniteGrad
from tapelens.rules.vanishing_grad.runtime import VanishingGrad

FORWARD_LINE = 5
ENDED = ProgramEnded(raised=False)


def spoilt(*, culprit: Culprit | None = None, changed: bool = True, optimizer: int = 1) -> Event:
    return NonFiniteUsed(
        step=7,
        optimizer=optimizer,
        ordinal=3,
        site=site(STEP_LINE),
        parameters=(1001, 1002),
        held=4,
        what="NaN",
        changed=changed,
        backward=site(BACKWARD_LINE),
        culprit=culprit,
    )


def test_a_step_that_spoils_parameters_is_told_at_the_forward_line_of_the_operation():
    culprit = Culprit("SqrtBackward0", site(FORWARD_LINE), "head", "backward")
    (finding,) = detect(NonFiniteGrad(), [spoilt(culprit=culprit)])
    assert (finding.rule, finding.severity, finding.site.line) == ("nonfinite-grad", "warning", FORWARD_LINE)
    assert finding.message == (
        "The gradient of `a parameter` and 1 more were NaN when step 3 of `optimizer` (train.py:11) used it, and the "
        "parameters are spoilt since. The backward of SqrtBackward0 was the first that was given finite gradients and "
        "gave others in `head`. Its slope is infinite at 0: add a small epsilon inside."
    )
    assert [related.site.line for related in finding.related] == [STEP_LINE, BACKWARD_LINE]


@pytest.mark.parametrize("culprit", [None, Culprit("AddmmBackward0", None, "", "backward")])
def test_without_a_line_it_is_told_at_the_step(culprit):
    (finding,) = detect(NonFiniteGrad(), [spoilt(culprit=culprit)])
    assert finding.site.line == STEP_LINE


def test_a_step_that_changed_nothing_is_silent():
    assert detect(NonFiniteGrad(), [spoilt(changed=False)]) == []


def test_of_an_optimizer_only_the_first_such_step_is_told():
    assert len(detect(NonFiniteGrad(), [spoilt(), spoilt(), spoilt(optimizer=2)])) == 2


def measured(layers: Sequence[float] = (1.0, 1.0, 1.0, 1.0), *, norm: float = 1.0, ordinal: int = 1) -> Event:
    return GradientsMeasured(
        step=ordinal,
        optimizer=1,
        ordinal=ordinal,
        backward=site(BACKWARD_LINE),
        layers=tuple(LayerNorm(1000 + index, rms) for index, rms in enumerate(layers)),
        norm=norm,
    )


FALLING = (1e-9, 1e-6, 1e-3, 1.0)


def test_gradients_that_vanish_in_half_of_ten_steps_are_told_at_the_backward():
    (finding,) = detect(VanishingGrad(), [measured(), measured(FALLING)] * 5)
    assert (finding.rule, finding.severity, finding.site.line) == ("vanishing-grad", "information", BACKWARD_LINE)
    assert "gets 1.0e-09 (RMS)" in finding.message


def test_fewer_than_half_are_silent():
    assert detect(VanishingGrad(), [*[measured()] * 6, *[measured(FALLING)] * 4, ENDED]) == []


def test_at_the_end_three_steps_are_enough():
    assert len(detect(VanishingGrad(), [*[measured(FALLING)] * 3, ENDED])) == 1
    assert detect(VanishingGrad(), [*[measured(FALLING)] * 2, ENDED]) == []


def test_below_a_trillionth_it_is_a_warning():
    (finding,) = detect(VanishingGrad(), [*[measured((1e-14, 1e-9, 1e-4, 1.0))] * 3, ENDED])
    assert finding.severity == "warning"


@pytest.mark.parametrize("layers", [(1e-9, 1.0, 1.0), (1e-9, 3.0, 2.0, 1.0), (1e-3, 1e-2, 1e-1, 1.0)])
def test_few_layers_an_odd_one_out_and_mild_ratios_are_silent(layers):
    assert detect(VanishingGrad(), [*[measured(layers)] * 10, ENDED]) == []


def test_a_project_may_set_another_ratio():
    assert len(detect(VanishingGrad(ratio=1e-2), [*[measured((1e-3, 1e-2, 1e-1, 1.0))] * 3, ENDED])) == 1


def norms(*each: float) -> list[Event]:
    return [measured(norm=norm, ordinal=number) for number, norm in enumerate(each, 1)]


def test_norms_above_a_million_that_grow_are_told_at_the_backward():
    (finding,) = detect(ExplodingGrad(), [*norms(1e2, 1e4, 2e6, 3e8), ENDED])
    assert (finding.rule, finding.severity, finding.site.line) == ("exploding-grad", "information", BACKWARD_LINE)
    assert "step 4 of `optimizer` uses have the norm 3.0e+08, after 1.0e+02 earlier" in finding.message


def test_five_of_ten_need_no_end():
    assert len(detect(ExplodingGrad(), norms(1, 2e6, 3e6, 4e6, 5e6, 6e6))) == 1


@pytest.mark.parametrize(
    "each", [(5e6, 4e6, 3e6, 2e6), (5e6, 5e6, 5e6, 5e6), (1, 1e9, 1, 1), (1, 10, 100, 1000), (1, 2e6, 3e6, 1e3)]
)
def test_norms_that_fall_stay_leap_once_or_are_small_are_silent(each):
    assert detect(ExplodingGrad(), [*norms(*each), ENDED]) == []


def test_where_numbers_come_to_an_end_three_steps_are_enough():
    assert len(detect(ExplodingGrad(), [*norms(1e4, 1e9, 1e13), spoilt()])) == 1


def test_above_a_trillion_it_is_a_warning():
    (finding,) = detect(ExplodingGrad(), [*norms(1e4, 1e9, 1e13), ENDED])
    assert finding.severity == "warning"
