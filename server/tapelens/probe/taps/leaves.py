"""Leaves that a backward adds to and that no optimizer is known to hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...events import Evidence, Leaf, Leaves
from ..capture.guards import undisturbed
from .held import HeldGradients
from .samples import sample, version_of

if TYPE_CHECKING:
    import torch

_AT_MOST = 256


def outside_optimizers(leaves: Iterable[torch.Tensor], held: HeldGradients) -> list[torch.Tensor]:
    """Those that no optimizer holds, as many as are read."""
    found = list(leaves)
    if not found:  # the graph was not walked
        return []
    known = held.parameters()
    return [leaf for leaf in found if id(leaf) not in known][:_AT_MOST]


def read_leaves(leaves: list[torch.Tensor]) -> Leaves:
    """Gradients and a few values, both at the same places."""
    if not leaves:
        return {}
    with undisturbed():
        return {id(leaf): Leaf(_gradient(leaf), sample(leaf)) for leaf in leaves}


def _gradient(leaf: torch.Tensor) -> Evidence | None:
    gradient = leaf.grad
    values = () if gradient is None else sample(gradient)
    return Evidence(id(gradient), version_of(gradient), values) if gradient is not None and any(values) else None
