"""The rule over events built by hand."""

from __future__ import annotations

from typing import Any

import pytest

from rules.events import STEP_LINE, detect, site
from rules.steps import CLIP_LINE, WEIGHT, Program
from tapelens.events import Uncaught
from tapelens.rules.amp_order.runtime import AmpOrder
from tapelens.wire.findings import Finding


def judged(program: Program) -> list[Finding]:
    return detect(AmpOrder(), program.events)


def scaled(**fields: Any) -> Program:
    return Program().scale().backward(roots=(5,), **fields)


def test_a_clip_to_a_literal_while_the_gradients_are_scaled_is_flagged_there():
    (finding,) = judged(scaled().clip().scaler_step())
    assert finding.site.line == CLIP_LINE
    assert "of norm 100 before, are still multiplied by the scale of 65536 as they are clipped to max_norm 1" in (
        finding.message
    )


def test_a_clip_of_what_was_unscaled_is_silent():
    assert judged(scaled().unscale().clip().scaler_step()) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"limit": float("inf")},
        {"limit": 1e9, "norm": 5.0},
        {"written": "other"},
        {"limit": 100.0, "written": "name"},
        {"parameters": frozenset({7})},
    ],
)
def test_limits_that_cut_nothing_or_follow_the_scale_and_other_parameters_are_silent(fields: dict[str, Any]):
    program = scaled()
    program.clip(**fields)
    assert judged(program) == []


def test_a_name_far_below_the_scale_is_fixed_too():
    assert len(judged(scaled().clip(1.0, written="name"))) == 1


def test_a_clip_that_left_every_value_as_it_was_is_silent():
    program = scaled()
    assert judged(program.clip(program.gradients[WEIGHT].sample[0], norm=None)) == []


def test_a_scale_of_one_changes_nothing():
    assert judged(Program().scale(1.0).backward(roots=(5,)).clip()) == []


def test_gradients_divided_by_hand_are_silent():
    assert judged(scaled().write().clip().step()) == []


def test_a_direct_step_on_scaled_gradients_is_flagged():
    (finding,) = judged(scaled().step())
    assert finding.site.line == STEP_LINE
    assert "`optimizer` steps on gradients that are still multiplied by the scale of 65536" in finding.message


def test_a_step_through_the_scaler_is_silent():
    assert judged(scaled().scaler_step()) == []


def test_a_direct_step_after_unscaling_is_silent():
    assert judged(scaled().unscale().step()) == []


def test_an_optimizer_of_other_parameters_may_step_by_itself():
    program = scaled()
    program.held[2] = frozenset({7})
    assert judged(program.step(optimizer=2)) == []


def test_a_plain_loss_after_a_clearing_is_not_scaled():
    program = scaled().scaler_step().clear()
    assert judged(program.backward(roots=(6,)).clip().step()) == []


def test_a_backward_whose_graph_was_not_looked_at_tells_nothing():
    assert judged(Program().scale().backward(roots=(5,), walked=False).clip().step()) == []


def test_a_scaled_loss_that_was_changed_before_its_backward_is_not_recognised():
    assert judged(Program().scale().backward(roots=(6,)).clip().step()) == []


@pytest.mark.parametrize(
    "message",
    [
        "step() has already been called since the last update().",
        "unscale_() has already been called on this optimizer since the last update().",
        "unscale_() is being called after step().",
        "No inf checks were recorded prior to update.",
        "Attempted unscale_ but _scale is None.  This may indicate your script did not use scaler.scale(loss)",
    ],
)
def test_errors_of_the_order_that_nobody_catches_are_errors(message: str):
    uncaught = Uncaught(call=None, type_name="RuntimeError", message=message, site=site(20))
    (finding,) = detect(AmpOrder(), [*scaled().scaler_step().events, uncaught, uncaught])
    assert (finding.severity, finding.site.line) == ("error", 20)
    assert finding.message.startswith(message)


def test_another_error_is_another_matter():
    assert detect(AmpOrder(), [Uncaught(call=None, type_name="ValueError", message="no data", site=site(3))]) == []


def test_parameters_that_were_not_told_are_those_whose_gradients_the_clip_changed():
    assert len(judged(scaled().clip(parameters=frozenset()))) == 1
    assert WEIGHT in scaled().gradients
