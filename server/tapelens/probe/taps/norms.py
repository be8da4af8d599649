"""Numbers of the gradients that an optimizer holds."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

from ..capture.guards import is_plain_on_cpu
from .held import parameters_of

if TYPE_CHECKING:
    import torch

Found = list[tuple["torch.Tensor", "torch.Tensor"]]
"""Parameters and their gradients."""


def gradients_of(optimizer: torch.optim.Optimizer) -> Found:
    """Those on the CPU that may be read. Call it ``undisturbed``."""
    found = [(each, gradient) for each in parameters_of(optimizer) if (gradient := each.grad) is not None]
    return [pair for pair in found if is_plain_on_cpu(pair[1]) and pair[1].is_floating_point()]


def norms_of(gradients: list[torch.Tensor]) -> list[float]:
    """Euclidean norms. Call it ``undisturbed``."""
    torch = sys.modules["torch"]
    if not gradients:
        return []
    wide = [each if each.dtype in {torch.float32, torch.float64} else each.float() for each in gradients]
    norms = [float(norm) for norm in torch._foreach_norm(wide)]
    return [
        norm if math.isfinite(norm) else float(torch.linalg.vector_norm(each.double()))  # a sum of squares overflows
        for norm, each in zip(norms, wide, strict=True)
    ]


def spoilt_among(found: Found, norms: list[float]) -> tuple[list[int], str]:
    """Parameters whose gradients are not finite, and what they have."""
    isnan, isinf = sys.modules["torch"].isnan, sys.modules["torch"].isinf
    odd = [pair for pair, norm in zip(found, norms, strict=True) if not math.isfinite(norm)]
    nan = {id(parameter) for parameter, gradient in odd if bool(isnan(gradient).any())}
    inf = {id(parameter) for parameter, gradient in odd if bool(isinf(gradient).any())}
    kinds = [name for name, those in (("NaN", nan), ("Inf", inf)) if those]
    return [id(parameter) for parameter, _ in odd if id(parameter) in nan | inf], " and ".join(kinds)


def spoilt_of(optimizer: torch.optim.Optimizer) -> tuple[list[int], str]:
    """The same of all that the optimizer holds."""
    found = gradients_of(optimizer)
    return spoilt_among(found, norms_of([gradient for _, gradient in found]))
