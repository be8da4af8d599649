"""Between backward and step: clearing, clipping, scaling, and what a step finds and changes."""

# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false

from __future__ import annotations

import threading
import traceback
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

import tapelens
from tapelens.events import (
    GradsCleared,
    GradsClipped,
    ScalerScaled,
    ScalerStepped,
    ScalerUnscaled,
    ScalerUpdated,
    StepBegan,
    StepEnded,
)

OURS = str(Path(tapelens.__file__).parent)


def model_and(kind: Any = torch.optim.SGD, **kwargs: Any):
    model = torch.nn.Linear(2, 1)
    return model, kind(model.parameters(), **({"lr": 0.1} | kwargs))


def backward(model):
    model(torch.tensor([[2.0, 3.0]])).sum().backward()


def ids(model):
    return frozenset(map(id, model.parameters()))


# -- clearing ------------------------------------------------------------------------------------------


def test_a_clearing_of_what_a_step_has_used_is_not_told(seen):
    model, optimizer = model_and()
    for _ in range(3):
        optimizer.zero_grad()
        backward(model)
        optimizer.step()
        model.zero_grad()
    assert seen.of(GradsCleared) == []


def test_a_clearing_of_new_gradients_tells_whose_and_who_holds_them(seen):
    model, optimizer = model_and()
    backward(model)
    optimizer.step()
    backward(model)
    model.zero_grad()
    backward(model)
    optimizer.zero_grad(set_to_none=False)
    first, second = seen.of(GradsCleared)
    assert (first.by, second.by, first.optimizer) == ("module", "optimizer", None)
    assert first.cleared == second.cleared == ids(model)
    assert first.holders == second.holders == {second.optimizer}
    assert first.finite
    assert first.site.path == __file__


def test_gradients_that_are_not_finite_and_those_elsewhere_are_told(seen):
    model, optimizer = model_and()
    other, second = model_and()
    for each, of in ((model, optimizer), (other, second)):
        backward(each)
        of.step()
        of.zero_grad()
    backward(other)
    model(torch.tensor([[float("inf"), 1.0]])).sum().backward()
    optimizer.zero_grad()
    (cleared,) = seen.of(GradsCleared)
    assert (cleared.finite, cleared.elsewhere) == (False, True)


def test_zero_grad_and_clipping_stay_themselves_and_raise_as_before(seen):
    optimizer, model = torch.optim.Optimizer.zero_grad, torch.nn.Module.zero_grad
    seen.taps.remove()
    assert (torch.optim.Optimizer.zero_grad, torch.nn.Module.zero_grad) == (optimizer, model)
    seen.taps.install()
    not_a_module: Any = 3
    with pytest.raises(AttributeError) as raised:
        torch.nn.Module.zero_grad(not_a_module)
    frames = traceback.extract_tb(raised.value.__traceback__)
    assert not any(frame.filename.startswith(OURS) for frame in frames)


# -- clipping ------------------------------------------------------------------------------------------


def test_a_clip_tells_its_limit_how_it_is_written_and_the_norm(seen):
    model, optimizer = model_and()
    limit = 0.5
    backward(model)
    optimizer.step()
    clip_grad_norm_(model.parameters(), 1.0)
    clip_grad_norm_(model.parameters(), max_norm=limit)
    clip_grad_norm_(list(model.parameters()), limit * 2)
    clip_grad_value_(model.weight, clip_value=limit)
    clips = seen.of(GradsClipped)
    assert [each.written for each in clips] == ["literal", "name", "other", "name"]
    assert [each.limit for each in clips] == [1.0, 0.5, 1.0, 0.5]
    assert clips[0].norm is None or clips[0].norm == pytest.approx(14**0.5)
    assert clips[0].parameters in {ids(model), frozenset()}  # before torch 2.6 neither is told of a generator
    assert clips[0].before[id(model.weight)].sample == (2.0, 3.0)
    assert clips[3].parameters == {id(model.weight)}
    assert model.weight.grad.norm() <= 0.5


# -- scaling -------------------------------------------------------------------------------------------


def test_a_scaler_tells_what_it_does_in_order(seen):
    model, optimizer = model_and()
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
    scaler.scale(model(torch.ones(1, 2)).sum()).backward()
    scaler.step(optimizer)
    scaler.update()
    kinds = (ScalerScaled, ScalerStepped, ScalerUnscaled, StepBegan, ScalerUpdated)
    told = [event for event in seen.events if isinstance(event, kinds)]
    assert [type(event) for event in told] == list(kinds)
    assert (told[0].scale, told[0].scaler, len(told[0].roots)) == (8.0, told[3].scaler, 1)
    assert told[1].parameters == told[2].parameters == ids(model)


def test_a_scaler_that_is_off_tells_nothing_and_a_plain_step_has_none(seen):
    model, optimizer = model_and()
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    scaler.scale(model(torch.ones(1, 2)).sum()).backward()
    scaler.step(optimizer)
    scaler.update()
    assert not seen.of(ScalerScaled)
    assert [each.scaler for each in seen.of(StepBegan)] == [None]


def test_after_a_scalers_step_that_raised_the_next_step_is_plain(seen):
    model, optimizer = model_and()
    scaler = torch.amp.GradScaler("cpu")
    with pytest.raises(AssertionError):
        scaler.step(optimizer)
    backward(model)
    optimizer.step()
    assert [each.scaler for each in seen.of(StepBegan)] == [None]


# -- what a step finds and changes ---------------------------------------------------------------------


def test_a_step_knows_whether_its_gradients_are_new(seen):
    model, optimizer = model_and()
    optimizer.step()
    backward(model)
    optimizer.step()
    optimizer.step()
    model.weight.grad.data.mul_(2)
    optimizer.step()
    optimizer.zero_grad()
    optimizer.step()
    began = seen.of(StepBegan)
    assert [each.gradients for each in began] == ["none", "some", "some", "some", "none"]
    assert [each.stale for each in began] == [False, False, True, False, False]
    assert [each.had_gradients for each in began] == [False, True, True, True, True]


def test_a_program_that_calls_no_backward_is_read_in_full_a_few_times_only(seen):
    model, optimizer = model_and()
    for _ in range(45):
        grads = torch.autograd.grad(model(torch.ones(1, 2)).sum(), list(model.parameters()))
        for parameter, gradient in zip(model.parameters(), grads, strict=True):
            parameter.grad = gradient
        optimizer.step()
    assert sum(bool(each.held) for each in seen.of(StepEnded)) == 16


def test_zeros_are_told_after_a_clearing(seen):
    model, optimizer = model_and()
    backward(model)
    optimizer.zero_grad(set_to_none=False)
    optimizer.step()
    assert [each.gradients for each in seen.of(StepBegan)] == ["zero"]


def test_a_step_that_moves_a_value_is_seen_to_and_then_no_longer_looked_at(seen):
    model, optimizer = model_and(lr=1e-30)
    for _ in range(2):
        backward(model)
        optimizer.step()
    optimizer.param_groups[0]["lr"] = 0.1
    for _ in range(2):
        backward(model)
        optimizer.step()
    assert [each.moved for each in seen.of(StepEnded)] == [False, False, True, None]


def test_a_learning_rate_in_a_tensor_is_read(seen):
    model, optimizer = model_and(torch.optim.Adam, lr=torch.tensor(0.5), capturable=False)
    backward(model)
    optimizer.step()
    assert seen.of(StepBegan)[0].learning_rates == (0.5,)


def test_a_frozen_parameter_that_a_step_changes_is_told_once_it_was_frozen_for_a_step(seen):
    model, optimizer = model_and(momentum=0.9)
    backward(model)
    optimizer.step()
    model.weight.requires_grad_(False)
    for _ in range(2):
        optimizer.zero_grad(set_to_none=False)
        backward(model)
        optimizer.step()
    assert [each.frozen for each in seen.of(StepEnded)] == [(), (), (id(model.weight),)]


def test_the_union_of_optimizers_on_several_threads_is_not_read(seen):
    model, optimizer = model_and()
    backward(model)
    optimizer.step()
    thread = threading.Thread(target=optimizer.step)
    thread.start()
    thread.join()
    assert [each.gradients for each in seen.of(StepBegan)] == ["some", None]


def test_steps_of_lbfgs_fused_and_foreach_optimizers_are_told_alike(seen):
    for kind, options in (
        (torch.optim.LBFGS, {}),
        (torch.optim.Adam, {"fused": True}),
        (torch.optim.AdamW, {"foreach": True}),
        (torch.optim.Adagrad, {}),
    ):
        model, optimizer = model_and(kind, **options)

        def closure(model=model, optimizer=optimizer):
            optimizer.zero_grad()
            loss = (model(torch.ones(1, 2)) - 3).square().sum()
            loss.backward()
            return loss

        before = model.weight.detach().clone()
        closure()
        optimizer.step(closure)
        assert not torch.equal(before, model.weight)
        assert seen.of(StepEnded)[-1].moved is True
