"""What is told of gradients that steps use."""

from __future__ import annotations

import math

import pytest
import torch

from tapelens.events import GradientsMeasured, NonFiniteUsed
from tapelens.probe.taps.spoilt import source_of

from .conftest import Recording


def train(loss_of, *, steps: int = 1, lr: float = 0.1) -> torch.nn.Parameter:
    weight = torch.nn.Parameter(torch.tensor([[1.0, 2.0], [0.0, 4.0]]))
    optimizer = torch.optim.SGD([weight], lr=lr)
    for number in range(steps):
        optimizer.zero_grad()
        loss_of(weight, number).backward()
        optimizer.step()
    return weight


def test_norms_are_told_in_the_first_five_steps_and_in_one_of_fifty(seen: Recording):
    train(lambda weight, _: (weight * torch.tensor([3.0, 4.0])).sum(), steps=101)
    told = seen.of(GradientsMeasured)
    assert [event.ordinal for event in told] == [1, 2, 3, 4, 5, 50, 100]
    assert told[0].norm == pytest.approx(math.sqrt(2 * 9 + 2 * 16))
    assert told[0].layers[0].rms == pytest.approx(math.sqrt((2 * 9 + 2 * 16) / 4))


def test_a_norm_whose_squares_overflow_is_told_all_the_same(seen: Recording):
    train(lambda weight, _: (weight * 1e30).sum(), lr=0.0)
    (told,) = seen.of(GradientsMeasured)
    assert told.norm == pytest.approx(2e30)
    assert seen.of(NonFiniteUsed) == []


@pytest.mark.parametrize("step", [0, 7])
def test_a_gradient_that_is_not_finite_is_told_whenever_it_comes(seen: Recording, step: int):
    train(lambda weight, number: weight.sqrt().sum() if number == step else weight.exp().mean(), steps=9, lr=1e-9)
    told = seen.of(NonFiniteUsed)[0]
    assert (told.ordinal, told.changed, told.held) == (step + 1, True, 1)
    assert told.what in {"Inf", "NaN"}


def test_a_step_at_rate_zero_that_makes_nan_of_the_parameters_has_changed_them(seen: Recording):
    weight = train(lambda weight, _: weight.sqrt().sum(), lr=0.0)
    assert torch.isnan(weight).any()
    assert seen.of(NonFiniteUsed)[0].changed


def test_an_operation_is_seen_in_its_backward(seen: Recording):
    train(lambda weight, _: (weight.sqrt() * 2).sum())
    culprit = seen.of(NonFiniteUsed)[0].culprit
    assert culprit is not None
    assert (culprit.node, culprit.how) == ("SqrtBackward0", "backward")


def test_an_operation_is_seen_in_what_was_saved(seen: Recording):
    train(lambda weight, _: ((weight * 1e3).exp() - 1).square().mean())
    culprit = seen.of(NonFiniteUsed)[0].culprit
    assert culprit is not None
    assert (culprit.node, culprit.how) == ("ExpBackward0", "forward")


def test_data_that_is_not_finite_is_no_operations_doing():
    data = torch.tensor([1.0, math.nan])
    weight = torch.ones(2, requires_grad=True)
    loss = (weight * data).square().sum()
    assert loss.grad_fn is not None
    assert source_of([loss.grad_fn]) is None


def test_saved_tensors_that_a_hook_packed_are_not_unpacked():
    unpacked: list[torch.Tensor] = []

    def unpack(held: torch.Tensor) -> torch.Tensor:
        unpacked.append(held)
        return held

    weight = torch.zeros(2, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda held: held, unpack):
        loss = (weight.log() * 2).exp().sum()
    assert loss.grad_fn is not None
    source_of([loss.grad_fn])
    assert unpacked == []


def test_gradients_of_kinds_that_may_not_be_read_are_passed_over(seen: Recording):
    table = torch.nn.Embedding(4, 2, sparse=True)
    optimizer = torch.optim.SparseAdam(table.parameters())
    table(torch.tensor([1, 2])).sum().backward()
    optimizer.step()
    assert seen.of(GradientsMeasured) == seen.of(NonFiniteUsed) == []
