"""A preview brings the gradients of the backward to come, and leaves the program as it was."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from probe.capture.pieces import Plain, pack, unpack
from tapelens.probe.capture.preview import preview_backward
from tapelens.probe.keys import key_of
from tapelens.wire.asked import Previewed
from tapelens.wire.numbers import Number
from torch_features import needs_readable_saved_tensors


def preview(frame: FrameType, expression: str = "") -> Previewed:
    return preview_backward(frame, stop=1, expression=expression, freed_by=lambda _: None)


def first_values(previewed: Previewed) -> dict[tuple[int, int], tuple[Number, ...]]:
    """What arrives at each output, by the node's key."""
    told = previewed.gradients
    assert told is not None, previewed.refused
    rows = zip(told.nodes.key, told.nodes.output_nr, told.nodes.statistics, strict=True)
    return {(key, number): told.statistics.first[row] for key, number, row in rows}


def as_told(gradient: torch.Tensor) -> tuple[Number, ...]:
    return tuple(float(f"{value:.6g}") for value in gradient.reshape(-1)[:16].tolist())


def accumulator(leaf: torch.Tensor) -> Any:
    return torch.autograd.graph.get_gradient_edge(leaf).node


def test_what_is_previewed_is_what_then_arrives():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    inputs = torch.randn(5, 4)
    hidden = model[0](inputs)
    loss = model[2](torch.tanh(hidden)).square().mean()
    previewed = preview(sys._getframe(), "loss")
    told = first_values(previewed)
    arrived: list[torch.Tensor] = []
    assert hidden.grad_fn is not None
    hidden.register_hook(arrived.append)
    loss.backward()
    assert told[key_of(hidden.grad_fn), 0] == as_told(arrived[0])
    for parameter in model.parameters():
        assert parameter.grad is not None
        assert told[key_of(accumulator(parameter)), 0] == as_told(parameter.grad)


def test_what_grad_would_become_is_told_with_what_is_held_already():
    x = torch.ones(3, requires_grad=True)
    y = torch.ones(3, requires_grad=True)
    (x * 2).sum().backward()
    loss = (x * 3 + y).sum()
    told = preview(sys._getframe(), "loss").gradients
    assert told is not None
    leaves = {
        key: (was, told.statistics.first[row])
        for key, was, row in zip(told.leaves.key, told.leaves.was, told.leaves.statistics, strict=True)
    }
    assert leaves == {
        key_of(accumulator(x)): ("held", (5.0, 5.0, 5.0)),
        key_of(accumulator(y)): ("none", (1.0, 1.0, 1.0)),
    }
    assert x.grad is not None
    assert x.grad.tolist() == [2.0, 2.0, 2.0]
    assert y.grad is None
    del loss


def test_an_edge_that_alone_leads_somewhere_carries_the_sum():
    x = torch.ones(3, requires_grad=True)
    y = x.exp()
    loss = (y * y).sum()
    told = preview(sys._getframe()).gradients
    assert told is not None
    assert y.grad_fn is not None
    targets = list(zip(told.edges.source, told.edges.target, strict=True))
    product = loss.grad_fn.next_functions[0][0]  # type: ignore[union-attr]
    assert (key_of(loss.grad_fn), key_of(product)) in targets  # type: ignore[arg-type]
    assert key_of(y.grad_fn) not in told.edges.target  # two edges lead there
    assert (key_of(y.grad_fn), key_of(accumulator(x))) in targets


def sequence_number() -> int:
    return torch._C._autograd._get_sequence_nr()  # pyright: ignore[reportAttributeAccessIssue]


def test_nothing_of_the_program_moves():
    x = torch.rand(4, requires_grad=True)
    seen: list[object] = []
    h = (x * 2).relu()
    h.retain_grad()
    h.register_hook(seen.append)
    x.register_hook(seen.append)
    x.register_post_accumulate_grad_hook(seen.append)
    view = h[1:]
    view.register_hook(seen.append)
    loss = torch.nn.functional.dropout(view, 0.5).square().sum()
    hooks = [dict(tensor._backward_hooks or {}) for tensor in (x, h, view)]
    clock, state = sequence_number(), torch.get_rng_state()
    for _ in range(2):
        assert preview(sys._getframe()).refused == ()
    assert seen == []
    assert [dict(tensor._backward_hooks or {}) for tensor in (x, h, view)] == hooks
    assert sequence_number() == clock
    assert torch.equal(torch.get_rng_state(), state)
    assert (x.grad, h.grad, x._version, h._version) == (None, None, 0, 0)
    assert sys.getprofile() is None
    loss.backward()
    assert len(seen) == 4
    assert x.grad is not None
    assert h.grad is not None


def test_a_gradient_that_is_retained_already_stays_the_same_object():
    x = torch.rand(4, requires_grad=True)
    h = x * 2
    h.retain_grad()
    h.sum().backward(retain_graph=True)
    held, values = h.grad, h.grad.tolist()  # type: ignore[union-attr]
    loss = (h * 3).sum()
    assert preview(sys._getframe(), "loss").refused == ()
    assert h.grad is held
    assert h.grad.tolist() == values  # type: ignore[union-attr]
    del loss


def refused(frame: FrameType, expression: str = "loss") -> str:
    previewed = preview(frame, expression)
    assert previewed.gradients is None
    return " ".join(previewed.refused)


@needs_readable_saved_tensors
def test_code_of_the_users_is_named_and_not_run():
    x = torch.rand(4, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
        packed = x.exp().sum()
    losses = {
        "custom": Plain.apply(x).sum(),
        "packed": packed,
        "again": checkpoint(torch.exp, x, use_reentrant=False).sum(),
        "reentrant": checkpoint(torch.exp, x, use_reentrant=True).sum(),
    }
    assert "PlainBackward" in refused(sys._getframe(), "losses['custom']")
    assert "packed by a hook" in refused(sys._getframe(), "losses['packed']")
    assert "of a checkpoint" in refused(sys._getframe(), "losses['again']")
    assert "use_reentrant=True" in refused(sys._getframe(), "losses['reentrant']")
    del losses


def test_a_hook_on_a_node_is_named_and_not_run():
    x = torch.rand(4, requires_grad=True)
    ran: list[object] = []

    def on_node(*_: object) -> None:
        ran.append(_)

    y = x.exp()
    assert y.grad_fn is not None
    y.grad_fn.register_hook(on_node)
    loss = y.sum()
    assert "on_node on ExpBackward0" in refused(sys._getframe())
    assert ran == []
    loss.backward()
    assert len(ran) == 1


def test_a_hook_of_a_tensor_that_nobody_holds_is_stopped_before_its_first_line():
    ran: list[object] = []

    def compute(x: torch.Tensor) -> torch.Tensor:
        inner = x.exp()

        def unreachable(gradient: torch.Tensor) -> None:
            ran.append(gradient)

        inner.register_hook(unreachable)
        return (inner * 2).sum()

    x = torch.rand(4, requires_grad=True)
    loss = compute(x)
    assert "unreachable" in refused(sys._getframe())
    assert ran == []
    assert x.grad is None
    loss.backward()
    assert len(ran) == 1


def test_a_backward_that_will_raise_is_not_tried():
    x = torch.rand(4, requires_grad=True)
    loss = x.exp().sum()
    loss.backward()
    told = refused(sys._getframe())
    assert "were freed" in told or "a second time" in told  # in torch's own words
    plain = loss.detach()
    assert "no graph" in refused(sys._getframe(), "plain") or "require grad" in refused(sys._getframe(), "plain")
    del plain


@pytest.mark.parametrize("expression", ["compute()", "loss.sum()", "losses[index]", "loss; x", "nothing", "x.grad_fn"])
def test_an_expression_names_a_tensor_and_calls_nothing(expression: str):
    x = torch.rand(4, requires_grad=True)
    loss = x.sum()
    losses, index = [loss], 0
    assert "names no tensor" in refused(sys._getframe(), expression)
    del losses, index


@pytest.mark.parametrize("expression", ["loss", "losses[0]", "kept['main']"])
def test_names_attributes_and_constant_subscripts_are_read(expression: str):
    x = torch.rand(4, requires_grad=True)
    loss = (x * 2).sum()
    losses, kept = [loss], {"main": loss}
    told = first_values(preview(sys._getframe(), expression))
    assert told[key_of(accumulator(x)), 0] == (2.0, 2.0, 2.0, 2.0)
    del losses, kept


def test_inside_a_backward_it_is_refused():
    x = torch.rand(4, requires_grad=True)
    loss = x.sum()
    said: list[str] = []
    here = sys._getframe()
    x.register_hook(lambda _: said.append(refused(here)))
    loss.backward()
    assert said == ["A backward is running on this thread already."]
