"""What random programs are made of: custom Functions, hooks that count, functions to checkpoint."""

from __future__ import annotations

from collections import Counter
from typing import Any

import torch
from torch import nn
from torch.autograd import grad
from torch.autograd.function import once_differentiable
from torch.nn import functional as F  # noqa: N812 (as PyTorch's users call it)
from torch.utils.checkpoint import checkpoint

__all__ = [
    "COUNTED",
    "Dirty",
    "F",
    "Keeps",
    "Lazily",
    "Once",
    "Plain",
    "Scaled",
    "Scaler",
    "Two",
    "Unmaterialised",
    "WithNone",
    "checkpoint",
    "counted",
    "grad",
    "nn",
    "pack",
    "squash",
    "torch",
    "unpack",
]


class Scaled(torch.autograd.Function):
    """Saves its input and asks for it."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx, *grads):
        (x,) = ctx.saved_tensors
        return grads[0] * 2 + 0 * x


class Lazily(torch.autograd.Function):
    """Saves its input and never asks for it."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx, *grads):
        return grads[0] * 2


class Plain(torch.autograd.Function):
    """Saves nothing."""

    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, *grads):
        return grads[0] * 2


class Once(torch.autograd.Function):
    """May not be differentiated twice."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    @once_differentiable
    def backward(ctx, *grads):  # pyright: ignore[reportIncompatibleMethodOverride]
        (x,) = ctx.saved_tensors
        return grads[0] * 2 * x


class Keeps(torch.autograd.Function):
    """Saves a tensor that is neither an input nor a result, and holds another by itself."""

    @staticmethod
    def forward(ctx, x):
        ctx.held = x.detach().clone()
        ctx.save_for_backward(x.detach().exp())
        return x.exp()

    @staticmethod
    def backward(ctx, *grads):
        (result,) = ctx.saved_tensors
        return grads[0] * result + 0 * ctx.held


class Two(torch.autograd.Function):
    """Gives two results, the second without a gradient."""

    @staticmethod
    def forward(ctx, x):
        order = x.detach().argsort()
        ctx.mark_non_differentiable(order)
        return x * 3, order

    @staticmethod
    def backward(ctx, *grads):
        return grads[0] * 3


class Unmaterialised(torch.autograd.Function):
    """Takes what has no gradient as None."""

    @staticmethod
    def forward(ctx, x):
        ctx.set_materialize_grads(False)
        return x * 2, x * 3

    @staticmethod
    def backward(ctx, *grads):
        first, second = grads
        if first is None:
            return None if second is None else second * 3
        return first * 2 if second is None else first * 2 + second * 3


class Dirty(torch.autograd.Function):
    """Writes its input in place."""

    @staticmethod
    def forward(ctx, x):
        x.mul_(2)
        ctx.mark_dirty(x)
        return x

    @staticmethod
    def backward(ctx, *grads):
        return grads[0] * 2


class WithNone(torch.autograd.Function):
    """Gives no gradient to its second input."""

    @staticmethod
    def forward(ctx, x, y):
        return x * 2 + y

    @staticmethod
    def backward(ctx, *grads):
        return grads[0] * 2, None


class Scaler:
    """Scales a loss as GradScaler does."""

    def scale(self, loss):
        return loss * 8


COUNTED: Counter[tuple[int, str]] = Counter()
"""Calls of hooks, by ``id`` of the tensor and kind."""


def counted(tensor: torch.Tensor, kind: str) -> Any:
    """A hook that counts its calls, and holds its tensor so that the ``id`` stays its own.

    ``register_hook`` of torch 2.13 dies on a view that was changed in place since, unless its ``grad_fn``
    was asked for first.
    """
    _ = tensor.grad_fn

    def hook(*_: object) -> None:
        COUNTED[id(tensor), kind] += 1

    return hook


def pack(tensor):
    return tensor.detach().clone()


def unpack(packed):
    return packed


def squash(x):
    return (x * 2).sigmoid()
