"""What nodes saved: bytes counted once, parameters not at all, states told apart."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import pytest
import torch
from torch import nn
from torch.autograd.function import once_differentiable

from probe.capture.stops import Stop, capture
from tapelens.wire.sites import Site
from torch_features import needs_readable_saved_tensors


def slots(stop: Stop) -> dict[tuple[str, str], str]:
    names = stop.node_names
    return {(names[row.node], row.name): row.state for row in stop.saved}


@needs_readable_saved_tensors
def test_live_never_saved_and_freed_are_told_apart():
    x = torch.ones(3, requires_grad=True)
    y = x * torch.full((3,), 2.0)
    assert slots(capture(sys._getframe())) == {("MulBackward0", "other"): "live", ("MulBackward0", "self"): "never"}
    y.sum().backward()
    assert slots(capture(sys._getframe())) == {("MulBackward0", "other"): "freed", ("MulBackward0", "self"): "never"}


@needs_readable_saved_tensors
def test_a_storage_saved_twice_counts_once_and_a_parameter_not_at_all():
    layer = nn.Linear(8, 8)
    batch = torch.randn(4, 8, requires_grad=True)
    hidden = layer(batch)  # saves the batch and the weight
    loss = (hidden * hidden).sum() + hidden.exp().sum()  # saves hidden twice, and the result of exp
    stop = capture(sys._getframe())
    held = {node.name: node.saved_bytes for node in stop.nodes if node.saved_bytes}
    assert held == {"MulBackward0": 4 * 8 * 4, "ExpBackward0": 4 * 8 * 4}
    assert stop.snapshot.backward.bytes_freed == 2 * 4 * 8 * 4
    del loss


@needs_readable_saved_tensors
def test_a_saved_tensor_is_tied_to_the_users_own():
    x = torch.ones(3, requires_grad=True)
    y = x.exp()
    z = y * x
    stop = capture(sys._getframe())
    names = stop.node_names
    tied = {(names[row.node], row.name): row.tensor for row in stop.saved}
    assert tied == {
        ("ExpBackward0", "result"): stop.tensors["y"].row,
        ("MulBackward0", "self"): stop.tensors["y"].row,
        ("MulBackward0", "other"): stop.tensors["x"].row,
    }
    del z


@needs_readable_saved_tensors
def test_a_write_in_place_after_saving_shows_both_versions():
    x = torch.ones(3, requires_grad=True)
    y = x * 1
    z = y.sin()
    y.add_(1)
    y.mul_(2)
    stop = capture(sys._getframe())
    (row,) = [row for row in stop.saved if stop.node_names[row.node] == "SinBackward0"]
    assert (row.state, row.version_saved, row.version_now) == ("changed", 0, 2)
    loss = z.sum()
    backward = capture(sys._getframe()).snapshot.backward
    assert backward.will_raise is not None
    assert backward.will_raise.reason == "changed"
    assert "version 2, expected version 0" in backward.will_raise.message
    del loss


@needs_readable_saved_tensors
def test_lists_of_saved_tensors_are_read_one_by_one():
    x = torch.ones(4, 3, requires_grad=True)
    y = x[torch.tensor([0, 1]), torch.tensor([1, 2])]
    assert slots(capture(sys._getframe())) == {
        ("IndexBackward0", "indices[0]"): "live",
        ("IndexBackward0", "indices[1]"): "live",
    }
    y.sum().backward()
    assert slots(capture(sys._getframe())) == {("IndexBackward0", "indices"): "freed"}


class Double(torch.autograd.Function):
    """Saves nothing."""

    @staticmethod
    def forward(ctx, x):
        ctx.factor = 2
        return x * 2

    @staticmethod
    def backward(ctx, *grads):
        return grads[0] * ctx.factor


class Triple(Double):
    """Gives its context to a helper."""

    @staticmethod
    def backward(ctx, *grads):
        return multiply(ctx, grads[0])


class Square(torch.autograd.Function):
    """Asks for what it saved, under a decorator."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    @once_differentiable
    def backward(ctx, *grads):  # pyright: ignore[reportIncompatibleMethodOverride]
        (x,) = ctx.saved_tensors
        return grads[0] * 2 * x


class Sometimes(torch.autograd.Function):
    """Asks for what it saved only if it must."""

    @staticmethod
    def forward(ctx, x, needed):
        ctx.save_for_backward(x)
        ctx.needed = needed
        return x * 2

    @staticmethod
    def backward(ctx, *grads):
        if ctx.needed:
            (x,) = ctx.saved_tensors
            return grads[0] * 2 + 0 * x, None
        return grads[0] * 2, None


def test_where_a_condition_decides_whether_it_asks_nobody_can_tell():
    x = torch.ones(3, requires_grad=True)
    loss = Sometimes.apply(x, False).sum()
    loss.backward()
    stop = capture(sys._getframe())
    assert (stop.raises, stop.effects("x")) == (None, {"x": "unknown"})
    assert "cannot be asked" in (stop.snapshot.backward.doubt or "")
    loss.backward()


def multiply(ctx, grad):
    return grad * ctx.factor


@pytest.mark.parametrize(
    ("function", "raises", "effect"), [(Double, None, "added"), (Triple, None, "unknown"), (Square, "freed", "unknown")]
)
def test_a_custom_functions_second_backward_is_foreseen_by_what_its_code_asks_for(function, raises, effect):
    x = torch.ones(3, requires_grad=True)
    loss = function.apply(x).sum()
    loss.backward()
    stop = capture(sys._getframe())
    assert stop.raises == raises
    assert stop.effects("x") == {"x": effect}
    if raises is None:
        loss.backward()
    else:
        with pytest.raises(RuntimeError, match="a second time"):
            loss.backward()


def test_who_freed_the_graph_is_asked_by_the_key_of_every_possible_root():
    from tapelens.probe.keys import key_of
    from tapelens.wire.sites import Site

    there = Site(path="/home/u/train.py", line=12, function="<module>", in_library=False)
    x = torch.ones(3, requires_grad=True)
    trunk = x.exp()
    first, second = trunk.sum(), (trunk * 2).sum()
    assert first.grad_fn is not None
    key = key_of(first.grad_fn)
    first.backward()
    del second
    backward = capture(sys._getframe(), freed_by={key: there}.get).snapshot.backward
    assert backward.will_raise is not None
    assert backward.will_raise.freed_by == there
    assert "train.py:12" in backward.will_raise.message


def test_what_a_node_written_in_c_plus_plus_saved_is_unknown_and_a_backward_that_was_seen_freed_it():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own: TorchScript will go
        model: Any = torch.jit.script(torch.nn.Sequential(torch.nn.Linear(4, 2, bias=False), torch.nn.Tanh()))
        for _ in range(2):
            model(torch.ones(1, 4))
    loss = model(torch.ones(1, 4)).sum()
    loss.backward()
    stop = capture(sys._getframe())
    (node,) = [node for node in stop.nodes if node.name == "DifferentiableGraphBackward"]
    assert node.state == "unknown"
    assert "DifferentiableGraphBackward" in str(stop.snapshot.backward.doubt)
    seen = Site(path="/train.py", line=7, function="train", in_library=False)
    assert capture(sys._getframe(), freed_by=lambda _: seen).raises == "freed"
    with pytest.raises(RuntimeError, match="a second time"):
        loss.backward()
