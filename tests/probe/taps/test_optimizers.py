"""Steps: which, where, inside which, and what they leave."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch

from tapelens.events import BackwardBegan, StepBegan, StepEnded
from tapelens.probe.taps.optimizers import OptimizerTap


def model_and(kind: type[torch.optim.SGD] = torch.optim.SGD, **kwargs):
    model = torch.nn.Linear(2, 1)
    return model, kind(model.parameters(), lr=0.1, **kwargs)


def test_a_step_is_told_with_the_users_line_and_its_ordinal(seen):
    model, optimizer = model_and()
    for _ in range(2):
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
    began = seen.of(StepBegan)
    assert [(each.ordinal, each.inside, each.has_closure) for each in began] == [(1, None, False), (2, None, False)]
    assert {each.site.path for each in began} == {__file__}
    assert [each.step for each in seen.of(StepEnded)] == [each.step for each in began]
    assert len({each.optimizer for each in began}) == 1


def test_what_the_first_steps_leave_is_read_in_full(seen):
    model, optimizer = model_and()
    model(torch.tensor([[2.0, 3.0]])).sum().backward()
    optimizer.step()
    (ended,) = seen.of(StepEnded)
    assert {key.parameter: each.sample for key, each in ended.held.items()} == {
        id(model.weight): (2.0, 3.0),
        id(model.bias): (1.0,),
    }


def test_a_closures_backward_knows_its_step(seen):
    model, optimizer = model_and()

    def closure():
        optimizer.zero_grad()
        loss = model(torch.ones(1, 2)).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    (began,), (backward,) = seen.of(StepBegan), seen.of(BackwardBegan)
    assert began.has_closure
    assert backward.step == began.step


def test_a_step_of_the_base_class_is_inside_and_counts_as_the_same(seen):
    class Derived(torch.optim.SGD):
        def step(self, closure=None):
            return super().step(closure)

    model_and()
    model, optimizer = model_and(Derived)
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    outer, inner = seen.of(StepBegan)
    assert (inner.inside, inner.ordinal, inner.optimizer) == (outer.step, 1, outer.optimizer)
    assert [each.step for each in seen.of(StepEnded)] == [inner.step, outer.step]


def test_a_step_that_raised_is_over(seen):
    model, optimizer = model_and()

    def closure():
        reason = "no data"
        raise ValueError(reason)

    with pytest.raises(ValueError, match="no data"):
        optimizer.step(closure)
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    assert seen.of(BackwardBegan)[0].step is None
    assert [each.inside for each in seen.of(StepBegan)] == [None, None]
    assert len(seen.of(StepEnded)) == 1


def test_an_optimizer_at_a_dead_ones_address_is_another(seen):
    serials = set()
    for _ in range(20):
        model, optimizer = model_and()
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
        serials.add(seen.of(StepBegan)[-1].optimizer)
        del optimizer
    assert len(serials) == 20


def test_an_optimizer_is_copied_and_pickled_as_without_us(seen):
    model, optimizer = model_and(momentum=0.9)
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    copied = copy.deepcopy(optimizer)
    assert copied.state_dict()["param_groups"] == optimizer.state_dict()["param_groups"]
    for written in (optimizer, model, model.weight.grad):
        assert b"tapelens" not in pickle.dumps(written)


def test_gradients_that_are_cleared_to_none_are_soon_not_even_looked_at(seen):
    model, optimizer = model_and()
    for _ in range(12):
        optimizer.zero_grad()
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
    assert [bool(each.held) for each in seen.of(StepEnded)] == [True] * 5 + [False] * 7
    assert not any(each.held for each in seen.of(BackwardBegan))


def test_what_is_left_standing_is_shown_at_the_backward(seen):
    model, optimizer = model_and()
    for _ in range(2):
        model(torch.tensor([[2.0, 3.0]])).sum().backward()
        optimizer.step()
    left = seen.of(StepEnded)[0].held
    again = seen.of(BackwardBegan)[1].held
    assert again == left
    assert all(again[key].proves(left[key]) for key in again)


def test_names_are_what_the_frame_says(seen):
    names = []

    class Trainer:
        def __init__(self):
            self.net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
            self.opt = torch.optim.SGD(self.net.parameters(), lr=0.1)

        def step(self):
            self.net(torch.ones(1, 2)).sum().backward()
            self.opt.step()

    trainer = Trainer()

    def look(event):
        if isinstance(event, StepBegan):
            names.append(event.look.optimizer(event.optimizer))
            names.append(event.look.parameter(id(trainer.net[1].weight)))
            names.append(event.look.parameter(7))
            names.append(event.look.norm([id(trainer.net[1].bias)]))

    next(tap for tap in seen.taps._taps if isinstance(tap, OptimizerTap))._emit = look
    trainer.step()
    assert names == ["self.opt", "self.net[1].weight", "a parameter", 1.0]
