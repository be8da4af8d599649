"""A watched backward is the same backward: the same kernels, the same bits, the same objects, nothing left."""

# pyright: reportOptionalMemberAccess=false, reportArgumentType=false, reportAttributeAccessIssue=false
# pyright: reportIncompatibleMethodOverride=false, reportUnknownMemberType=false

from __future__ import annotations

import gc
import sys
import weakref

import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from .test_gradient_flow import PROGRAMS
from .watching import arm


class Kernels(TorchDispatchMode):
    """Notes every kernel that runs below autograd, in order, with what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.ran: list[tuple[str, tuple[tuple[int, ...], ...]]] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        shapes = tuple(tuple(each.shape) for each in args if isinstance(each, torch.Tensor))
        self.ran.append((str(func), shapes))
        return func(*args, **(kwargs or {}))


class Functions(TorchFunctionMode):
    """Notes every function of torch's that Python calls."""

    def __init__(self) -> None:
        super().__init__()
        self.called: list[str] = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.called.append(getattr(func, "__name__", str(func)))
        return func(*args, **(kwargs or {}))


def leaves_below(root):
    found, nodes = [], [root.grad_fn]
    for node in nodes:
        nodes += [target for target, _ in node.next_functions if target is not None and target not in nodes]
        if hasattr(node, "variable"):
            found.append(node.variable)
    return found


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_the_engine_runs_the_same_kernels_and_the_gradients_have_the_same_bits(seen, program):
    def run(*, armed):
        torch.manual_seed(0)
        root = program()
        leaves = leaves_below(root)
        state = torch.get_rng_state()
        kernels = []
        for _ in range(2):  # steals, then adds
            if armed:
                seen.taps.watch.arm(1)
            with Kernels() as mode, Functions() as functions:
                root.backward(retain_graph=True)
            kernels += [*mode.ran, *functions.called]
        assert torch.equal(state, torch.get_rng_state())
        return kernels, [(leaf.grad.clone(), leaf.grad.stride(), leaf.grad._version) for leaf in leaves]

    ran_alone, alone = run(armed=False)
    ran_watched, watched = run(armed=True)
    assert len(seen.gradients) == 2
    assert ran_watched == ran_alone
    for (one, *facts), (two, *same) in zip(alone, watched, strict=True):
        assert torch.equal(one.view(torch.uint8) if one.dim() else one, two.view(torch.uint8) if two.dim() else two)
        assert facts == same


class Remembers(torch.autograd.Function):
    """Gives gradients whose memory we know."""

    made_at: tuple[int, ...] = ()

    @staticmethod
    def forward(ctx, a, b):
        return a * b

    @staticmethod
    def backward(ctx, gradient):
        made = gradient * 2, gradient * 3
        Remembers.made_at = tuple(each.data_ptr() for each in made)
        return made


def leaf_hooks(kind, tensor):
    if kind == "tensor":
        tensor.register_hook(lambda _gradient: None)
    elif kind == "post_accumulate":
        tensor.register_post_accumulate_grad_hook(lambda _tensor: None)


@pytest.mark.parametrize("hooks", ["none", "tensor", "post_accumulate"])
@pytest.mark.parametrize("armed", [False, True])
def test_grad_is_the_memory_that_arrived_whatever_hooks_there_are(seen, armed, hooks):
    leaves = [torch.ones(1000, requires_grad=True) for _ in range(2)]
    for tensor in leaves:
        leaf_hooks(hooks, tensor)
    root = Remembers.apply(*leaves).sum()
    if armed:
        arm(seen, *leaves)
    root.backward()
    assert len(seen.gradients) == armed
    assert tuple(tensor.grad.data_ptr() for tensor in leaves) == Remembers.made_at


def test_the_users_hooks_are_given_the_same_objects_with_as_many_references(seen):
    def run(*, armed):
        counts = []
        x = torch.ones(100, requires_grad=True)
        y = x * 3
        z = y.sin()

        def note(gradient):
            counts.append((sys.getrefcount(gradient), gradient._version, gradient.requires_grad, gradient.is_leaf))

        for tensor in (x, y, z):
            tensor.register_hook(note)
        y.grad_fn.register_prehook(lambda gradients: note(gradients[0]))
        y.grad_fn.register_hook(lambda sent, _given: note(sent[0]))
        if armed:
            arm(seen, x, y, z)
        (z * z).sum().backward()
        return counts

    alone, watched = run(armed=False), run(armed=True)
    assert len(alone) == 5
    assert watched == alone


def test_nothing_is_kept_afterwards(seen):
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    root = model(torch.ones(2, 3)).sum()
    gone = []

    def note(gradient):
        gone.append(weakref.ref(gradient))

    root.grad_fn.register_prehook(lambda gradients: note(gradients[0]))
    root.grad_fn.next_functions[0][0].register_prehook(lambda gradients: note(gradients[0]))
    counts = [sys.getrefcount(parameter) for parameter in model.parameters()]
    arm(seen)
    root.backward()
    assert [sys.getrefcount(parameter) for parameter in model.parameters()] == counts
    gone += [weakref.ref(parameter) for parameter in model.parameters()]
    seen.events.clear()
    gc.disable()
    try:
        del model, root
        assert [reference() for reference in gone[:2]] == [None, None]
    finally:
        gc.enable()
    gc.collect()
    assert all(reference() is None for reference in gone)


def test_hooked_tensors_that_a_stop_saw_are_not_kept(seen):
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    y.register_hook(lambda _gradient: None)
    arm(seen, y)
    gone = weakref.ref(y)
    del y
    assert gone() is None
    assert [output.table() for output in seen.taps.watch._hooked.values()] == [None]


def test_gradients_of_another_memory_layout_and_device_are_left_alone(seen):
    x = torch.ones(3, device="meta", requires_grad=True)
    arm(seen)
    (x * 2).sum().backward()
    (message,) = seen.gradients
    assert set(message.nodes.statistics) == {-1}
    assert message.left_out == 3
    assert x.grad.device.type == "meta"
