"""Graphs that keep less: checkpoints, packed saved tensors, offloading."""

import torch
from torch import nn
from torch.utils.checkpoint import (
    CheckpointPolicy,
    checkpoint,
    checkpoint_sequential,
    create_selective_checkpoint_contexts,
)

from laws.corpus import program

CALLS = []


class Counted(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Dropout(0.4))

    def forward(self, x):
        CALLS.append("forward")
        return self.inner(x)


def trained(tell, run):
    del CALLS[:]
    layers = nn.ModuleList(Counted() for _ in range(2))
    optimizer = torch.optim.SGD(layers.parameters(), lr=0.1)
    for _ in range(2):
        x = torch.randn(3, 4, requires_grad=True)
        loss = run(layers, x).square().sum()
        tell.graph("loss", loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        tell("loss", [loss, x.grad])
        tell("forwards", len(CALLS))
    return layers, optimizer


@program()
def checkpoint_without_reentry(tell):
    def run(layers, x):
        for layer in layers:
            x = checkpoint(layer, x, use_reentrant=False)
        return x

    return trained(tell, run)


@program()
def checkpoint_with_reentry(tell):
    def run(layers, x):
        for layer in layers:
            x = checkpoint(layer, x, use_reentrant=True)
        return x

    return trained(tell, run)


@program()
def checkpoint_of_a_sequence(tell):
    def run(layers, x):
        return checkpoint_sequential(nn.Sequential(*layers), 2, x, use_reentrant=False)

    return trained(tell, run)


@program()
def nested_checkpoints_that_stop_early(tell):
    def run(layers, x):
        def inner(y):
            return checkpoint(layers[1], layers[0](y), use_reentrant=False)

        return checkpoint(inner, x, use_reentrant=False, determinism_check="default")

    return trained(tell, run)


@program()
def checkpoint_chooses_what_to_keep(tell):
    def policy(context, op, *args, **kwargs):
        keeps = op in (torch.ops.aten.mm.default, torch.ops.aten.addmm.default)
        return CheckpointPolicy.MUST_SAVE if keeps else CheckpointPolicy.PREFER_RECOMPUTE

    def run(layers, x):
        for layer in layers:
            x = checkpoint(
                layer, x, use_reentrant=False, context_fn=lambda: create_selective_checkpoint_contexts(policy)
            )
        return x

    return trained(tell, run)


@program()
def saved_tensors_are_packed(tell):
    seen = []

    def pack(tensor):
        seen.append("pack")
        return tensor.detach().numpy().copy() if tensor.dim() else tensor

    def unpack(packed):
        seen.append("unpack")
        return packed if isinstance(packed, torch.Tensor) else torch.from_numpy(packed)

    x = torch.randn(3, 3, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
        y = (x @ x).sin().sum()
    y.backward()
    tell("seen", seen)
    return x


@program()
def saved_tensors_lie_on_the_cpu(tell):
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    with torch.autograd.graph.save_on_cpu(pin_memory=False):
        loss = model(torch.randn(5, 3)).square().sum()
    tell.graph("loss", loss)
    loss.backward()
    return model


@program()
def saved_tensors_are_forbidden(tell):
    x = torch.randn(3, requires_grad=True)
    with torch.autograd.graph.disable_saved_tensors_hooks("not in here"):
        try:
            with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
                x.sin()
        except RuntimeError as error:
            tell("refused", error)
    y = x.sin()
    y.sum().backward()
    return x


@program()
def mutation_is_allowed_by_copies(tell):
    with torch.autograd.graph.allow_mutation_on_saved_tensors():
        x = torch.randn(3, requires_grad=True)
        y = x.clone()
        z = (y * y).sum()
        y.sin_()
        z.backward()
        tell("gradient", x.grad)
    return x
