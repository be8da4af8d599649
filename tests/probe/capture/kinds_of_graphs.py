"""Tensors by what autograd knows of them: views, freed graphs, transforms, compiled and packed ones."""

from __future__ import annotations

import sys
import threading
from typing import Any

import torch
from torch import nn

from probe.capture.kinds import Look, kind

GRAPH, VIEWS = "Graphs", "Views and writes in place"
MODES, TRANSFORMS = "Modes", "Transforms, tracers and compilers"


def leaf() -> torch.Tensor:
    return torch.ones(4, requires_grad=True)


@kind(GRAPH)
def non_leaf(look: Look):
    """A non-leaf."""
    odd = leaf().exp()
    look(sys._getframe())
    return odd


@kind(GRAPH)
def retaining(look: Look):
    """A non-leaf with `retain_grad()`, after backward."""
    odd = leaf().exp()
    odd.retain_grad()
    odd.sum().backward()
    look(sys._getframe())
    return odd


@kind(GRAPH)
def freed(look: Look):
    """A graph whose buffers are freed."""
    odd = leaf().exp().sum()
    odd.backward()
    look(sys._getframe())
    return odd


@kind(GRAPH)
def from_another_thread(look: Look):
    """A graph made in another thread."""
    made: list[torch.Tensor] = []
    thread = threading.Thread(target=lambda: made.append(leaf().exp()))
    thread.start()
    thread.join()
    odd = made.pop()
    look(sys._getframe())
    return odd


class Doubled(torch.autograd.Function):
    """A custom function that saves."""

    stopped: list[Look]

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx: Any, *grad_outputs: torch.Tensor) -> torch.Tensor:
        (odd,) = ctx.saved_tensors
        for look in Doubled.stopped:
            look(sys._getframe())
        return grad_outputs[0] * 2 + odd * 0


Doubled.stopped = []


@kind(GRAPH)
def custom(look: Look):
    """A custom `autograd.Function`."""
    odd = Doubled.apply(leaf())
    look(sys._getframe())
    return odd


@kind(GRAPH)
def in_backward(look: Look):
    """Inside the backward of a custom `autograd.Function`: its saved tensor."""
    Doubled.stopped.append(look)
    try:
        Doubled.apply(leaf()).sum().backward()
    finally:
        Doubled.stopped.clear()


@kind(GRAPH)
def packed(look: Look):
    """Saved tensors packed by the user's hooks."""
    with torch.autograd.graph.saved_tensors_hooks(lambda saved: saved.clone(), lambda held: held):
        odd = leaf().exp()
    look(sys._getframe())
    return odd


@kind(GRAPH)
def checkpointed(look: Look):
    """Checkpointed, `use_reentrant=False`."""
    from torch.utils.checkpoint import checkpoint

    odd = checkpoint(lambda x: x.sin().exp(), leaf(), use_reentrant=False)
    look(sys._getframe())
    return odd


@kind(GRAPH)
def checkpointed_reentrant(look: Look):
    """Checkpointed, `use_reentrant=True`."""
    from torch.utils.checkpoint import checkpoint

    odd = checkpoint(lambda x: x.sin().exp(), leaf(), use_reentrant=True)
    look(sys._getframe())
    return odd


@kind(GRAPH)
def differentiable_gradient(look: Look):
    """A gradient with a graph of its own (`create_graph=True`)."""
    x = leaf()
    (odd,) = torch.autograd.grad(x.pow(3).sum(), x, create_graph=True)
    look(sys._getframe())
    return odd


@kind(GRAPH)
def held_by_an_edge(look: Look):
    """A graph that only a GradientEdge holds."""
    held = torch.autograd.graph.get_gradient_edge(leaf().exp())
    look(sys._getframe())
    return held


@kind(GRAPH)
def functional_call(look: Look):
    """`torch.func.functional_call`."""
    weights = {"weight": torch.ones(1, 2, requires_grad=True)}
    odd = torch.func.functional_call(nn.Linear(2, 1, bias=False), weights, torch.ones(1, 2))
    look(sys._getframe())
    return odd


@kind(VIEWS)
def view(look: Look):
    """A view."""
    odd = leaf().exp()[:2]
    look(sys._getframe())
    return odd


@kind(VIEWS)
def changed_base(look: Look):
    """A tensor written in place."""
    odd = leaf() * 2
    odd.mul_(3)
    look(sys._getframe())
    return odd


@kind(VIEWS)
def changed_view(look: Look):
    """A view written in place."""
    base = leaf() * 2
    odd = base[:2]
    odd.mul_(3)
    look(sys._getframe())
    return odd


@kind(VIEWS, torch_says=False)
def stale_view(look: Look):
    """A view whose base was written in place since."""
    base = leaf() * 2
    odd = base[:2]
    base.mul_(3)
    look(sys._getframe())
    return odd


@kind(VIEWS, torch_says=False)
def unbound_view(look: Look):
    """A view by `unbind`, written in place under `no_grad`."""
    base = leaf() * 2
    odd, *_ = base.unbind(0)
    with torch.no_grad():
        odd.add_(1)
    look(sys._getframe())
    return odd


@kind(VIEWS, torch_says=False)
def view_without_grad_mode(look: Look):
    """A view made under `no_grad` of a base written in place since."""
    base = leaf() * 2
    with torch.no_grad():
        odd = base[:2]
    base.mul_(3)
    look(sys._getframe())
    return odd


@kind(VIEWS)
def detached(look: Look):
    """Detached: it shares memory with its origin."""
    origin = leaf() * 2
    odd = origin.detach()
    look(sys._getframe())
    return odd


@kind(VIEWS)
def saved_then_changed(look: Look):
    """A saved tensor written in place since."""
    odd = leaf().exp()
    odd.mul_(2)
    look(sys._getframe())
    return odd


@kind(MODES)
def no_grad(look: Look):
    """Made under `no_grad`."""
    with torch.no_grad():
        odd = leaf() * 2
        look(sys._getframe())
    return odd


@kind(MODES)
def inference(look: Look):
    """An inference tensor."""
    with torch.inference_mode():
        odd = torch.ones(3)
        look(sys._getframe())
    return odd


@kind(MODES)
def autocast(look: Look):
    """Under autocast."""
    model = nn.Linear(4, 2, bias=False)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        odd = model(torch.ones(1, 4))
        look(sys._getframe())
    return odd


@kind(MODES, aside="its tangent: torch has no read of it that runs no kernel")
def dual(look: Look):
    """A dual of forward-mode AD."""
    from torch.autograd import forward_ad

    with forward_ad.dual_level():
        odd = forward_ad.make_dual(leaf(), torch.ones(4)) * 2
        look(sys._getframe())
    return odd


@kind(TRANSFORMS, torch_says=False)
def vmapped(look: Look):
    """Inside `vmap`."""

    def function(x: Any) -> Any:
        odd = x.sin()
        look(sys._getframe())
        return odd

    return torch.vmap(function)(torch.ones(2, 3))


@kind(TRANSFORMS, torch_says=False)
def differentiated(look: Look):
    """Inside `torch.func.grad`."""

    def function(x: Any) -> Any:
        odd = x.sin()
        look(sys._getframe())
        return odd.sum()

    return torch.func.grad(function)(torch.ones(3))


@kind(TRANSFORMS, torch_says=False)
def pushed_forward(look: Look):
    """Inside `torch.func.jvp`."""

    def function(x: Any) -> Any:
        odd = x.sin()
        look(sys._getframe())
        return odd

    return torch.func.jvp(function, (torch.ones(3),), (torch.ones(3),))


@kind(TRANSFORMS)
def beside_a_transform(look: Look):
    """A tensor from outside, seen inside `torch.func.grad`."""
    odd = leaf()

    def function(x: Any) -> Any:
        look(sys._getframe())
        return (x * odd).sum()

    return torch.func.grad(function)(torch.ones(4))


@kind(TRANSFORMS)
def traced_by_make_fx(look: Look):
    """Inside `make_fx`: a tensor that it traces."""
    from torch.fx.experimental.proxy_tensor import make_fx

    def function(x: torch.Tensor) -> torch.Tensor:
        odd = x.sin()
        look(sys._getframe())
        return odd

    return make_fx(function)(torch.ones(3))


@kind(TRANSFORMS)
def compiled(look: Look):
    """The result of `torch.compile` (aot_eager)."""
    model = torch.compile(nn.Linear(4, 2, bias=False), backend="aot_eager")
    odd = model(torch.ones(1, 4)).sum()
    look(sys._getframe())
    return odd


@kind(TRANSFORMS)
def scripted(look: Look):
    """The result of a `torch.jit.script` module, at its third call."""
    model: Any = torch.jit.script(nn.Sequential(nn.Linear(4, 2, bias=False), nn.Tanh()))
    model(torch.ones(1, 4))
    model(torch.ones(1, 4))
    odd = model(torch.ones(1, 4))
    look(sys._getframe())
    return odd


@kind(TRANSFORMS)
def traced(look: Look):
    """The result of a `torch.jit.trace` module."""
    model: Any = torch.jit.trace(nn.Linear(4, 2, bias=False), torch.ones(1, 4))
    odd = model(torch.ones(1, 4))
    look(sys._getframe())
    return odd
